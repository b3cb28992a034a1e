"""Who of the register is like somebody who is being typed in."""

from __future__ import annotations

import dataclasses
import uuid
from typing import Any

from django.db.models import QuerySet

from contacts.finding import Words, first_owners
from contacts.likeness import (
    CompanyFacts,
    PersonFacts,
    features_of_companies,
    features_of_people,
    weights_for,
)
from contacts.likeness.companies import name_key
from contacts.likeness.people import mailbox_of, without_particles
from contacts.models import (
    Company,
    CompanyWord,
    Contact,
    ContactWord,
    Feature,
    MatchKind,
    Situation,
)
from contacts.selectors import LONGEST_WORD, holders_of
from contacts.services.duplicates.facts import (
    facts_of_companies,
    facts_of_people,
    holders_of_points,
    points_of,
)
from register.identifiers import name_words

# So many namesakes are compared; who is more alike than those has more in common
# than the name, and is found by that.
CANDIDATES = 40
SHOWN = 5
_ALSO = {"v": "vw", "w": "wv"}


@dataclasses.dataclass(frozen=True, slots=True)
class Alike:
    """A record that may be of the same person or company, and why."""

    record: Any
    points: int
    features: tuple[Feature, ...]


def people_like(
    typed: PersonFacts,
    *,
    situation: Situation,
    besides: uuid.UUID | None = None,
    most: int = SHOWN,
) -> list[Alike]:
    """Return the contacts most like ``typed``, the likeliest first.

    Only among those the session may see: a warning must not tell of others.
    ``besides`` is the record that is being edited itself.
    """
    emails = {each for email in typed.emails for each in (email, mailbox_of(email))}
    keys = set(
        holders_of(emails=emails, phones=set(typed.phones)).values_list(
            "pk", flat=True
        )[:CANDIDATES]
    )
    for prefixes in (*_prefixes(typed), *_tagged(typed)):
        keys |= set(
            first_owners(
                Words(ContactWord, "contact"),
                prefixes,
                among=Contact.objects.all(),
                most=CANDIDATES,
            )
        )
    keys.discard(besides)
    known = facts_of_people(keys)
    holders = holders_of_points(points_of([typed]))
    weights = weights_for(MatchKind.CONTACT)
    found: dict[uuid.UUID, tuple[int, tuple[Feature, ...]]] = {}
    for pk, facts in known.items():
        features = tuple(features_of_people(typed, facts, holders=holders))
        points = weights.points(features)
        if points >= weights.threshold(situation):
            found[pk] = (points, features)
    return _best(found, Contact.objects.all(), most)


def companies_like(
    typed: CompanyFacts,
    *,
    situation: Situation,
    besides: uuid.UUID | None = None,
    most: int = SHOWN,
) -> list[Alike]:
    """Return the companies most like ``typed``, the likeliest first."""
    words = [word[:LONGEST_WORD] for word in name_key(typed.name).split()]
    keys: set[uuid.UUID] = set()
    if words:
        owners = Words(CompanyWord, "company")
        among = Company.objects.all()
        keys = set(first_owners(owners, words, among=among, most=CANDIDATES))
        # A slip in one word: the others find it.
        for left_out in range(len(words)) if 1 < len(words) < 5 else ():
            rest = words[:left_out] + words[left_out + 1 :]
            keys |= set(first_owners(owners, rest, among=among, most=CANDIDATES))
    keys.discard(besides)
    weights = weights_for(MatchKind.COMPANY)
    found: dict[uuid.UUID, tuple[int, tuple[Feature, ...]]] = {}
    for pk, facts in facts_of_companies(keys).items():
        features = tuple(features_of_companies(typed, facts))
        points = weights.points(features)
        if points >= weights.threshold(situation):
            found[pk] = (points, features)
    return _best(found, Company.objects.all(), most)


def _prefixes(typed: PersonFacts) -> list[list[str]]:
    """Return what to look for: the whole name, and one of its names with the initial of the other."""
    first, last = name_words(typed.first_name), name_words(typed.last_name)
    if not (first and last):
        # A first or last name alone would find everybody of that name.
        return [first + last] if len(first + last) > 1 else []
    bare = without_particles(last)
    prefixes = [[*first, *bare]]
    for name in (bare, *([each] for each in bare if len(bare) > 1)):
        prefixes += [[*each, first[0][0]] for each in _spellings(name)]
    prefixes += [[*first, each[0][0]] for each in _spellings(bare)]
    return [[word[:LONGEST_WORD] for word in each] for each in prefixes]


def _spellings(name: list[str]) -> list[list[str]]:
    """Return how a name may begin: Wirtanen is Virtanen."""
    letter, rest = name[0][0], name[0][1:]
    return [[f"{each}{rest}", *name[1:]] for each in _ALSO.get(letter, letter)]


def _tagged(typed: PersonFacts) -> list[list[str]]:
    """Return what finds anna+list@x.fi where anna@x.fi is typed."""
    boxes = (mailbox_of(email) for email in typed.emails)
    parts = (box.rpartition("@") for box in boxes)
    return [[f"{local}+"[:LONGEST_WORD], domain] for local, _at, domain in parts]


def _best(
    found: dict[uuid.UUID, tuple[int, tuple[Feature, ...]]],
    records: QuerySet[Any],
    most: int,
) -> list[Alike]:
    likeliest = sorted(found, key=lambda pk: (-found[pk][0], pk))[:most]
    read = records.in_bulk(likeliest)
    return [Alike(read[pk], *found[pk]) for pk in likeliest if pk in read]
