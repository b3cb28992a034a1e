"""Recognising people: who of the register, or of an earlier row, is meant by a row.

The rule is that of ``people.find_or_create``. An e-mail address is a person's own, so
it decides. A telephone number may belong to a whole office, so it decides only if the
name is the same, or if one side has no name and the e-mail addresses do not differ.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

from contacts.services.imports.rows import Person
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
_NAMES = """
    SELECT id, first_name || ' ' || last_name, created_at, 0 AS number
    FROM contacts_contact WHERE id = ANY(%(ids)s)
"""
_NAMES_TRIED = """
    UNION ALL SELECT contact_id, value, NULL::timestamptz, number FROM import_trial
    WHERE contact_id = ANY(%(ids)s) AND kind = 'name'
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
    """Finds the contacts that some rows mean, with a fixed number of queries."""

    def __init__(self, *, trial: Trial | None = None) -> None:
        self._trial = trial
        self._holders: dict[Fact, list[Known]] = defaultdict(list)

    def load(self, people: Iterable[Person]) -> None:
        """Fetch everybody who has an address of one of these rows."""
        values = {value for row in people for value in (*row.emails, *row.phones)}
        known: dict[uuid.UUID, Known] = {}
        self._holders.clear()
        with connection.cursor() as cursor:
            cursor.execute(
                self._sql(_HOLDERS, _HOLDERS_TRIED), {"values": list(values)}
            )
            ids = {"ids": [row[0] for row in cursor.fetchall()]}
            cursor.execute(f"{self._sql(_NAMES, _NAMES_TRIED)} ORDER BY 3, 4, 1", ids)
            for pk, name, _created, number in cursor.fetchall():
                contact = known.setdefault(pk, Known(pk, "", is_stored=not number))
                contact.name = contact.name or normalise_name(name)
            cursor.execute(self._sql(_FACTS, _FACTS_TRIED), ids)
            for pk, kind, value in cursor.fetchall():
                nameless = Known(pk, "", is_stored=False)
                known.setdefault(pk, nameless).facts.add((kind, value))
        for contact in known.values():  # oldest first
            self.remember(contact, contact.facts)

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

    def _sql(self, stored: str, tried: str) -> str:
        return stored if self._trial is None else stored + tried


class Trial:
    """What a dry run would have written so far, in a table of this connection alone."""

    COLUMNS = "contact_id, kind, value"

    def remember(self, facts: list[tuple[uuid.UUID, str, str]]) -> None:
        """Keep facts for the rows that follow."""
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY import_trial ({self.COLUMNS}) FROM STDIN") as copy,
        ):
            for fact in facts:
                copy.write_row(fact)


@contextmanager
def trial() -> Iterator[Trial]:
    """Return a table that is gone afterwards, also if the process is."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.import_trial")
        cursor.execute(
            "CREATE TEMPORARY TABLE import_trial (number bigserial, contact_id uuid, kind text, value text)"
        )
        cursor.execute("CREATE INDEX ON import_trial (value)")
        cursor.execute("CREATE INDEX ON import_trial (contact_id)")
        try:
            yield Trial()
        finally:
            cursor.execute("DROP TABLE IF EXISTS pg_temp.import_trial")
