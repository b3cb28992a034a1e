"""Recognising people: who of the register, or of an earlier row, is meant by a row.

The rule is that of ``people.find_or_create``. An e-mail address is a person's own, so
it decides. A telephone number may belong to a whole office, so it decides only if the
name is the same, or if one side has no name and the e-mail addresses do not differ.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from django.db import connection

from contacts.services.imports.rows import Person
from contacts.services.imports.trial import Trial
from register.identifiers import normalise_name

EMAIL, PHONE = "email", "phone"
NAME, LANGUAGE, COMPANY, ADDRESS, PRIMARY = (
    "name",
    "language",
    "company",
    "address",
    "primary",
)
Fact = tuple[str, str]

_HOLDERS = """
    SELECT contact_id FROM contacts_contactpoint WHERE value = ANY(%(values)s)
"""
_HOLDERS_TRIED = """
    UNION SELECT contact_id FROM import_trial
    WHERE value = ANY(%(values)s) AND kind IN ('email', 'phone')
"""
_PEOPLE = """
    SELECT id, first_name || ' ' || last_name, created_at
    FROM contacts_contact WHERE id = ANY(%(ids)s) ORDER BY id
"""
# Whoever is erased meanwhile is not found any more, and nobody is erased from now on.
_LOCK = " FOR NO KEY UPDATE"
_PEOPLE_TRIED = """
    SELECT contact_id, coalesce(min(value) FILTER (WHERE kind = 'name'), '')
    FROM import_trial WHERE contact_id = ANY(%(ids)s)
    GROUP BY contact_id ORDER BY min(number)
"""
_FACTS = """
    SELECT contact_id, kind, value FROM contacts_contactpoint WHERE contact_id = ANY(%(ids)s)
    UNION ALL SELECT contact_id, 'primary', kind FROM contacts_contactpoint
    WHERE contact_id = ANY(%(ids)s) AND is_primary
    UNION ALL SELECT id, 'language', '' FROM contacts_contact
    WHERE id = ANY(%(ids)s) AND language <> ''
    UNION ALL SELECT contact_id, 'company', company_id::text FROM contacts_affiliation
    WHERE contact_id = ANY(%(ids)s)
    UNION ALL SELECT contact_id, 'address', lower(concat_ws('|', street, postcode, town))
    FROM contacts_postaladdress WHERE contact_id = ANY(%(ids)s)
"""
_FACTS_TRIED = """
    UNION ALL SELECT contact_id, kind, value FROM import_trial
    WHERE contact_id = ANY(%(ids)s) AND kind <> 'name'
"""


@dataclasses.dataclass(slots=True)
class Known:
    """A contact that is stored, or that an earlier row makes, and what it has."""

    id: uuid.UUID
    name: str
    is_stored: bool = True
    facts: set[Fact] = dataclasses.field(default_factory=set)

    def values(self, kind: str) -> list[str]:
        """Return the addresses or numbers it has."""
        return [value for found, value in sorted(self.facts) if found == kind]


def address_key(person: Person) -> str:
    """Return the postal address in the form in which two are compared."""
    return "|".join((person.street, person.postcode, person.town)).lower()


class Matcher:
    """Finds the contacts that some rows mean, with a fixed number of queries.

    It works inside the transaction that writes, and locks whom it finds; in a trial it
    locks nobody, and finds those as well whom earlier rows would add.
    """

    def __init__(self, *, trial: Trial | None = None) -> None:
        self._is_trial = trial is not None
        self._holders: dict[Fact, list[Known]] = defaultdict(list)

    def load(self, people: Iterable[Person]) -> None:
        """Fetch everybody who has an address of one of these rows."""
        values = {value for row in people for value in (*row.emails, *row.phones)}
        with connection.cursor() as cursor:
            holders = self._fetch(cursor, _HOLDERS, _HOLDERS_TRIED, values=list(values))
            ids = [row[0] for row in holders]
            known = self._known(cursor, ids)
            for pk, kind, value in self._fetch(
                cursor, _FACTS, _FACTS_TRIED, ids=list(known)
            ):
                known[pk].facts.add((kind, value))
        self._holders.clear()
        for contact in known.values():  # oldest first
            self.remember(contact, contact.facts)

    def _known(self, cursor: Any, ids: list[uuid.UUID]) -> dict[uuid.UUID, Known]:
        """Return these people, the oldest first, without what they have."""
        lock = "" if self._is_trial else _LOCK
        cursor.execute(_PEOPLE + lock, {"ids": ids})
        stored = sorted(cursor.fetchall(), key=itemgetter(2, 0))
        known = {pk: Known(pk, normalise_name(name)) for pk, name, _created in stored}
        if self._is_trial:
            cursor.execute(_PEOPLE_TRIED, {"ids": ids})
            for pk, name in cursor.fetchall():
                contact = known.setdefault(pk, Known(pk, "", is_stored=False))
                contact.name = contact.name or name
        return known

    def known_ids(self) -> set[uuid.UUID]:
        """Return the stored contacts that rows may mean."""
        return {
            known.id
            for holders in self._holders.values()
            for known in holders
            if known.is_stored
        }

    def remember(self, contact: Known, facts: Iterable[Fact]) -> None:
        """Let later rows find a contact by these addresses."""
        for kind, value in facts:
            if kind in (EMAIL, PHONE):
                self._holders[kind, value].append(contact)

    def match(self, person: Person) -> Known | None:
        """Return whom the row means, the oldest if there are several."""
        name = normalise_name(f"{person.first_name} {person.last_name}")
        holders = self._with(EMAIL, person.emails)
        if namesakes := [known for known in holders if known.name == name]:
            return namesakes[0]
        if holders:
            return holders[0]
        for known in self._with(PHONE, person.phones):
            is_namesake = bool(name) and known.name == name
            is_nameless = not (name and known.name)
            if is_namesake or (
                is_nameless and not (person.emails and known.values(EMAIL))
            ):
                return known
        return None

    def _with(self, kind: str, values: Iterable[str]) -> list[Known]:
        return [
            known for value in values for known in self._holders.get((kind, value), [])
        ]

    def _fetch(
        self, cursor: Any, stored: str, tried: str, **values: list[Any]
    ) -> list[tuple[Any, ...]]:
        cursor.execute(stored + tried if self._is_trial else stored, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
