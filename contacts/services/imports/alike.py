"""Marks rows of a dry run that would add somebody who may be in the register already.

Asked of everybody whom a chunk would add at once, with some seven queries: who has the
same number, and at most a few who have exactly the same name, also with first and last
name swapped. How alike they are is then asked of :mod:`contacts.likeness`.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable

from django.db import connection

from contacts.likeness import (
    PersonFacts,
    address_key,
    features_of_people,
    weights_for,
)
from contacts.models import MatchKind, Situation
from contacts.services.duplicates.facts import (
    facts_of_people,
    holders_of_points,
    points_of,
)
from contacts.services.imports.merging import Change
from contacts.services.imports.rows import Person

MARK = "alike:"
# More who have a name, or a number, say nothing about any one of them.
MOST = 20

_SAME = """
    SELECT r.place, c.id FROM unnest(%(places)s::int[], %(last)s::text[], %(first)s::text[])
        AS r (place, last, first)
    CROSS JOIN LATERAL (
        SELECT id FROM contacts_contact
        WHERE last_name = r.last AND first_name = r.first LIMIT %(most)s) c
    UNION
    SELECT r.place, p.contact_id
    FROM unnest(%(with_phone)s::int[], %(phones)s::text[]) AS r (place, value)
    CROSS JOIN LATERAL (
        SELECT contact_id FROM contacts_contactpoint
        WHERE value = r.value LIMIT %(most)s) p
"""


def facts_of(person: Person, companies: Iterable[uuid.UUID] = ()) -> PersonFacts:
    """Return what a row is compared by."""
    key = address_key(person.street, person.postcode)
    return PersonFacts(
        first_name=person.first_name,
        last_name=person.last_name,
        emails=frozenset(person.emails),
        phones=frozenset(person.phones),
        companies=frozenset(companies),
        addresses=frozenset({key} - {""}),
    )


def consider(changes: Collection[Change]) -> None:
    """Mark the rows that add somebody like a stored person, with how alike they are."""
    new = [change for change in changes if change.is_new]
    found = _candidates([change.person for change in new])
    if not found:
        return
    weights = weights_for(MatchKind.CONTACT)
    enough = weights.threshold(Situation.ASKING)
    known = facts_of_people({pk for each in found.values() for pk in each})
    rows = {
        place: facts_of(
            new[place].person, [company.id] if (company := new[place].company) else []
        )
        for place in found
    }
    holders = holders_of_points(points_of(rows.values()))
    for place, candidates in found.items():
        points = max(
            weights.points(features_of_people(rows[place], known[pk], holders=holders))
            for pk in candidates
        )
        if points >= enough:
            new[place].person.marks.add(f"{MARK}{points}")


def _candidates(people: list[Person]) -> dict[int, list[uuid.UUID]]:
    """Return who may be whom, by the places of the rows."""
    named = [
        (place, *names)
        for place, person in enumerate(people)
        if person.first_name and person.last_name
        for names in (
            (person.last_name, person.first_name),
            (person.first_name, person.last_name),
        )
    ]
    phones = [
        (place, phone) for place, row in enumerate(people) for phone in row.phones
    ]
    if not (named or phones):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            _SAME,
            {
                "places": [place for place, *_names in named],
                "last": [last for _place, last, _first in named],
                "first": [first for _place, _last, first in named],
                "with_phone": [place for place, _phone in phones],
                "phones": [phone for _place, phone in phones],
                "most": MOST,
            },
        )
        found: dict[int, list[uuid.UUID]] = defaultdict(list)
        for place, pk in cursor.fetchall():
            found[place].append(pk)
    return found
