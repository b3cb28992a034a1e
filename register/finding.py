"""The one search box: which apps answer it, and with what.

An app registers a source for its records, with the category whose right it takes to see
them. A source is asked for a few only and looks them up by an index; its answers are
shown at once and kept nowhere.
"""

from __future__ import annotations

import dataclasses
from typing import Protocol

from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from register import access
from register.datamap.vocabulary import Action, Category
from register.identifiers import search_words
from register.models import User

# How many of each kind are answered at once; the rest is a link away.
FEW = 5
# One letter finds half the register.
SHORTEST = 2
LONGEST = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """One record: what it is called, what tells it from namesakes, and its page."""

    title: str
    url: str
    details: tuple[str, ...] = ()


class Find(Protocol):
    """Returns at most ``most`` records that match; what the user may not see is no match."""

    def __call__(self, text: str, *, user: User, most: int) -> list[Found]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class Source:
    """A kind of record that the box finds. ``label`` names the table, for the audit trail.

    ``all_results`` names the list that shows all of them, searched by the same words.
    """

    label: str
    title: str | Promise
    icon: str
    category: Category
    find: Find
    all_results: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """What one source found; ``has_more`` if that is not all."""

    source: Source
    found: list[Found]
    has_more: bool


_SOURCES: dict[str, Source] = {}


def register_source(source: Source) -> None:
    """Make a source known. Groups come in the order of their registration."""
    _SOURCES[source.label] = source


def sources_for(user: object) -> list[Source]:
    """Return the sources whose category the user may see."""
    return [
        source
        for source in _SOURCES.values()
        if access.may(user, Action.VIEW, source.category)
    ]


def find(text: str, *, user: User, most: int = FEW) -> list[Group]:
    """Ask every source that the user may see; those that found nothing are left out."""
    text = text.replace("\0", " ").strip()[:LONGEST]
    if len(text) < SHORTEST:
        return []
    groups = []
    for source in sources_for(user):
        found = source.find(text, user=user, most=most + 1)
        if found:
            groups.append(Group(source, found[:most], len(found) > most))
    return groups


def marked(shown: str, prefixes: list[str]) -> SafeString:
    """Return a shown text as HTML with the words that were found marked.

    Only words that are shown are looked at: what was found by something hidden is not
    marked at all.
    """
    parts = [
        format_html("<mark>{}</mark>", part)
        if any(word.startswith(p) for word in search_words(part) for p in prefixes)
        else conditional_escape(part)
        for part in shown.split()
    ]
    return format_html_join(" ", "{}", ((part,) for part in parts))
