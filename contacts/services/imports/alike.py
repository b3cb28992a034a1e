"""Marks rows of a dry run that would add somebody who may be in the register already.

Asked of everybody whom a chunk would add at once, with some seven queries: who has the
same number, and at most a few who have exactly the same name, also with first and last
name swapped. Where the name alone says too little, only those of them count who have
something else in common: a workplace, a postcode, the organisation of an address. How
alike they are is then asked of :mod:`contacts.likeness`.
"""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from django.db import connection

from contacts.likeness import (
    DOTLESS,
    PersonFacts,
    address_key,
    features_of_people,
    weights_for,
)
from contacts.models import Feature, MatchKind, Situation
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
    SELECT r.place, c.id
    FROM unnest(%(places)s::int[], %(last)s::text[], %(first)s::text[], %(companies)s::uuid[],
        %(postcodes)s::text[], %(domains)s::text[])
        AS r (place, last, first, company, postcode, domain)
    CROSS JOIN LATERAL (
        SELECT id FROM contacts_contact
        WHERE last_name = r.last AND first_name = r.first LIMIT %(most)s) c
    WHERE %(name_is_enough)s
        OR EXISTS (SELECT FROM contacts_affiliation a
            WHERE a.contact_id = c.id AND a.company_id = r.company)
        OR r.postcode <> '' AND EXISTS (SELECT FROM contacts_postaladdress p
            WHERE p.contact_id = c.id
                AND regexp_replace(lower(p.postcode), '[^a-z0-9]', '', 'g') = r.postcode)
        OR r.domain <> '' AND EXISTS (SELECT FROM contacts_contactpoint e
            WHERE e.contact_id = c.id AND e.kind = 'email'
                AND split_part(e.value, '@', 2) = r.domain)
    UNION
    SELECT r.place, p.contact_id
    FROM unnest(%(with_phone)s::int[], %(phones)s::text[]) AS r (place, value)
    CROSS JOIN LATERAL (
        SELECT contact_id FROM contacts_contactpoint
        WHERE value = r.value LIMIT %(most)s) p
"""
_NO_LETTER = re.compile(r"[^a-z0-9]")


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
    weights = weights_for(MatchKind.CONTACT)
    enough = weights.threshold(Situation.ASKING)
    by_name = max(weights.points([each]) for each in (Feature.NAME, Feature.SWAPPED))
    found = _candidates(new, name_is_enough=by_name >= enough)
    if not found:
        return
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


def _candidates(
    new: list[Change], *, name_is_enough: bool
) -> dict[int, list[uuid.UUID]]:
    """Return who may be whom, by the places of the rows."""
    named = [
        (place, *names, *common)
        for place, change in enumerate(new)
        if (row := change.person).first_name and row.last_name
        for common in _in_common(change, or_nothing=name_is_enough)
        for names in (
            (row.last_name, row.first_name),
            (row.first_name, row.last_name),
        )
    ]
    phones = [
        (place, phone)
        for place, change in enumerate(new)
        for phone in change.person.phones
    ]
    if not (named or phones):
        return {}
    columns = ("places", "last", "first", "companies", "postcodes", "domains")
    with connection.cursor() as cursor:
        cursor.execute(
            _SAME,
            {
                **{
                    name: [each[number] for each in named]
                    for number, name in enumerate(columns)
                },
                "with_phone": [place for place, _phone in phones],
                "phones": [phone for _place, phone in phones],
                "name_is_enough": name_is_enough,
                "most": MOST,
            },
        )
        found: dict[int, list[uuid.UUID]] = defaultdict(list)
        for place, pk in cursor.fetchall():
            found[place].append(pk)
    return found


def _in_common(
    change: Change, *, or_nothing: bool
) -> Iterator[tuple[uuid.UUID | None, str, str]]:
    """Yield the workplace, postcode and domain by which a row may be somebody's."""
    row, company = change.person, change.company
    workplace = company.id if company is not None and not company.is_new else None
    postcode = _NO_LETTER.sub("", row.postcode.lower()) if row.street else ""
    domains = {email.rpartition("@")[2] for email in row.emails}
    if domains & DOTLESS:
        domains |= DOTLESS
    if or_nothing or workplace or postcode or domains:
        first, *more = sorted(domains) or [""]
        yield workplace, postcode, first
        for domain in more:
            yield None, "", domain
