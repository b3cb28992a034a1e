"""Who refuses what, as marks by which lists are filtered.

An address is kept only as a keyed hash, so no query can join refusals with people. Each
person who refuses is marked when the words are renewed by which people are found, and
when a refusal is recorded.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from consent.hashing import hashes_of
from consent.models import Prohibition
from contacts import list_filters
from contacts.list_filters import ListFilter
from contacts.models import Contact, ContactPoint, ContactWord
from contacts.services import search_words
from register.datamap.vocabulary import Category
from register.identifiers import InvalidIdentifier

CHOICES = {
    f"{channel.value}-{purpose.value}": (channel, purpose)
    for purpose in Prohibition.Purpose
    for channel in Prohibition.Channel
}


def mark_of(channel: str, purpose: str) -> str:
    """Return the word that marks who refuses a channel for a purpose."""
    return f"=refuses_{channel}-{purpose}"


def of_people(
    contact_ids: Collection[uuid.UUID], addresses: Sequence[tuple[uuid.UUID, str]]
) -> dict[uuid.UUID, set[str]]:
    """Return the marks of people: given by them, or for any address they have."""
    holders: dict[str, set[uuid.UUID]] = defaultdict(set)
    for key, value in addresses:
        try:
            for found in hashes_of(value):
                holders[found.digest].add(key)
        except InvalidIdentifier:
            continue  # stored before it was checked; nothing can be sent there
    asked = set(contact_ids)
    rows = Prohibition.objects.filter(
        Q(address_hash__in=list(holders)) | Q(subject_id__in=asked)
    ).order_by()
    marks: dict[uuid.UUID, set[str]] = defaultdict(set)
    for row in rows:
        people = set(holders.get(row.address_hash, ()))
        if row.subject_id in asked and row.subject_id is not None:
            people.add(row.subject_id)
        for person in people:
            marks[person].add(mark_of(row.channel, row.purpose))
    return marks


def add(refused: Iterable[tuple[str, str, str, uuid.UUID | None]]) -> None:
    """Mark those who refuse and whoever has the address, in normal form, of a refusal."""
    people: dict[str, set[uuid.UUID]] = defaultdict(set)
    marks: dict[str, set[str]] = defaultdict(set)
    for address, channel, purpose, subject in refused:
        mark = mark_of(channel, purpose)
        marks[address].add(mark)
        if subject is not None:
            people[mark].add(subject)
    holders = ContactPoint.objects.filter(value__in=list(marks)).order_by()
    for value, contact in holders.values_list("value", "contact"):
        for mark in marks[value]:
            people[mark].add(contact)
    for mark, keys in people.items():
        search_words.add_mark(keys, mark)


def _refusing(value: str, reader: object) -> QuerySet[ContactWord, uuid.UUID] | None:
    if value not in CHOICES:
        return None
    words = ContactWord.objects.filter(word=mark_of(*CHOICES[value]))
    return words.values_list("contact_id", flat=True).order_by()


def register() -> None:
    """Mark people, and let lists be filtered by it; called once, when the app is ready."""
    search_words.register_marks(of_people)
    list_filters.register(
        ListFilter(
            model=Contact,
            code="refuses",
            title=_("Refuses"),
            group=list_filters.Group.REACH,
            options=lambda reader: [
                (code, f"{purpose.label}, {channel.label}")
                for code, (channel, purpose) in CHOICES.items()
            ],
            keys=_refusing,
            needs=(Category.PROHIBITIONS,),
        )
    )
