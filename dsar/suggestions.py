"""What to take out of a text before somebody else gets it: a proposal, never a decision.

Names, addresses and numbers of the other people of the same conversation, and every
other address, telephone number and personal identity code that is not the person's
own. The DPO reads the text and decides.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterator
from typing import Any

from dsar.mentions import MARK, Mentions, Span, replaced
from dsar.mentions.known_by import Identity, full_name, spellings_of_name
from dsar.scope import KIND, Scope
from register.datamap.declarations import WithParent
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Identifier
from register.identifiers import (
    find_personal_identity_codes,
    try_normalise_email,
    try_normalise_phone,
)

_EMAIL = re.compile(r"[^\s<>()\[\],;:@]{1,64}@[^\s<>()\[\],;:@]{1,190}\.[^\W\d_]{2,}")
# Dialled in Finland or from abroad; other digits are those of invoices and dates.
_NUMBER = re.compile(r"(?<![\w.,:/-])(?:\+|0)\d[\d ()-]{5,17}\d(?!\w)")
_MARKS = re.compile(rf"{re.escape(MARK)}(?:[\s-]{re.escape(MARK)})+")


class Suggester:
    """Proposes versions of texts of one conversation for the persons of a request."""

    def __init__(self, entry: Entry, keys: Collection[Any], scope: Scope) -> None:
        own = set(scope.subject_ids)
        others = _persons_of(entry, keys) - own
        self._others = Mentions(_identity(others, _loose_names(entry, keys)))
        known = _identity(own, [])
        self._own_values = {*known.emails, *known.phones}
        self._own_words = frozenset(
            word for text in known.words for word in spellings_of_name(text)
        )

    def without_others(self, text: str) -> str:
        """Return the text with a mark in place of what points to others."""
        spans = self._others.spans(text, words=True, sparing=self._own_words)
        proposal = replaced(text, sorted({*spans, *self._foreign(text)}))
        return _MARKS.sub(MARK, proposal)

    def _foreign(self, text: str) -> Iterator[Span]:
        """Yield addresses, numbers and identity codes that are not the person's."""
        for found in _EMAIL.finditer(text):
            if try_normalise_email(found.group()) not in self._own_values:
                yield found.span()
        for found in _NUMBER.finditer(text):
            number = try_normalise_phone(found.group())
            if number is not None and number not in self._own_values:
                yield found.span()
        yield from find_personal_identity_codes(text)


def names_of(subject_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Return the names of persons."""
    fields = _fields(graph().root(KIND), Identifier.NAME)
    rows = graph().root(KIND).model._base_manager.filter(pk__in=subject_ids)
    return {
        pk: " ".join(str(part) for part in parts if part)
        for pk, *parts in rows.values_list("pk", *fields)
    }


def _persons_of(entry: Entry, keys: Collection[Any]) -> set[uuid.UUID]:
    """Return everybody whom the rows lead to, in whatever role."""
    found: set[uuid.UUID] = set()
    for subject in entry.subjects(KIND):
        rows = entry.model._base_manager.filter(pk__in=keys, **subject.condition)
        found.update(rows.order_by().values_list(subject.lookup, flat=True).distinct())
    return found - {None}


def _identity(subject_ids: Collection[uuid.UUID], words: list[str]) -> Identity:
    """Return by what the persons are known: their names, and what their contacts hold."""
    root = graph().root(KIND)
    emails, phones, names = [], [], []
    fields = _fields(root, Identifier.NAME)
    rows = root.model._base_manager.filter(pk__in=subject_ids)
    for parts in rows.values_list(*fields):
        texts = [str(part) for part in parts if part]
        words += texts
        if len(texts) > 1 and (name := full_name(" ".join(texts[:-1]), texts[-1])):
            names.append(name)
    for entry in graph().personal():
        if _is_part_of(entry, root):
            for value in _values(entry, subject_ids, Identifier.EMAIL):
                if email := try_normalise_email(value):
                    emails.append(email)
            for value in _values(entry, subject_ids, Identifier.PHONE):
                if phone := try_normalise_phone(value):
                    phones.append(phone)
    return Identity(tuple(emails), tuple(phones), tuple(names), tuple(words))


def _is_part_of(entry: Entry, root: Entry) -> bool:
    retention = entry.map.retention
    if not isinstance(retention, WithParent):
        return False
    field = entry.model._meta.get_field(retention.parent)
    return field.related_model is root.model


def _values(
    entry: Entry, subject_ids: Collection[uuid.UUID], kind: Identifier
) -> Iterator[str]:
    for subject in entry.subjects(KIND):
        rows = entry.model._base_manager.filter(
            **{f"{subject.lookup}__in": subject_ids}, **subject.condition
        )
        for name in _fields(entry, kind):
            yield from map(str, rows.order_by().values_list(name, flat=True))


def _loose_names(entry: Entry, keys: Collection[Any]) -> list[str]:
    """Return the names that stand beside the rows, in parts of the same whole.

    For example the names that visitors gave in a chat, who have no contact.
    """
    retention = entry.map.retention
    if not isinstance(retention, WithParent):
        return []
    field = entry.model._meta.get_field(retention.parent)
    wholes = set(
        entry.model._base_manager.filter(pk__in=keys)
        .order_by()
        .values_list(field.name, flat=True)
    )
    found: list[str] = []
    for other in graph().personal():
        rule = other.map.retention
        if not isinstance(rule, WithParent):
            continue
        relation = other.model._meta.get_field(rule.parent)
        if relation.related_model is field.related_model:
            rows = other.model._base_manager.filter(**{f"{rule.parent}__in": wholes})
            for name in _fields(other, Identifier.NAME):
                values = rows.exclude(**{name: ""}).order_by()
                found += values.values_list(name, flat=True).distinct()[:100]
    return found


def _fields(entry: Entry, kind: Identifier) -> list[str]:
    return [
        name
        for name, personal in entry.map.personal_fields()
        if kind in personal.identifies
    ]
