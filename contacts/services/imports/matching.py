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
from django.utils import timezone

from contacts.models import Contact, ImportBatch
from contacts.services.imports.rows import Person
from contacts.services.imports.trial import Trial
from register import access
from register.actors import Actor
from register.datamap.vocabulary import Action
from register.identifiers import normalise_name

Key, Mode = ImportBatch.Key, ImportBatch.Mode
EMAIL, PHONE, EXTERNAL = "email", "phone", "external"
NAME, LANGUAGE, COMPANY, ADDRESS, PRIMARY = (
    "name",
    "language",
    "company",
    "address",
    "primary",
)
# Of the role at a company; of a duty the code stands behind the company.
TITLE, DEPARTMENT, DUTY = "title", "department", "duty"
INTEREST = "interest"
# Values of the contact itself, each of which it has or lacks.
OF_CONTACT = ("preferred_name", "responsible", "team")
Fact = tuple[str, str]

_HOLDERS = """
    SELECT contact_id FROM contacts_contactpoint WHERE value = ANY(%(values)s)
    UNION SELECT contact_id FROM contacts_externalid
    WHERE system = %(system)s AND value = ANY(%(external)s)
    UNION SELECT unnest(%(numbers)s::uuid[])
"""
_HOLDERS_TRIED = """
    UNION SELECT contact_id FROM import_trial
    WHERE value = ANY(%(values)s) AND kind IN ('email', 'phone')
    UNION SELECT contact_id FROM import_trial
    WHERE value = ANY(%(external)s) AND kind = 'external'
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
    UNION ALL SELECT contact_id, 'external', value FROM contacts_externalid
    WHERE contact_id = ANY(%(ids)s) AND system = %(system)s
"""
# What is asked only if a column of the file says it. Into a role that has ended nothing
# is filled.
_FACTS_OF_COLUMNS = {
    "job_title": """
    UNION ALL SELECT contact_id, 'title', company_id::text FROM contacts_affiliation
    WHERE contact_id = ANY(%(ids)s) AND (job_title <> '' OR valid_to < %(today)s)""",
    "department": """
    UNION ALL SELECT contact_id, 'department', company_id::text FROM contacts_affiliation
    WHERE contact_id = ANY(%(ids)s) AND (department <> '' OR valid_to < %(today)s)""",
    "duties": """
    UNION ALL SELECT contact_id, 'duty', company_id || ':' || duty
    FROM contacts_affiliation, unnest(duties) AS duty WHERE contact_id = ANY(%(ids)s)
    UNION ALL SELECT contact_id, 'duty', company_id || ':' FROM contacts_affiliation
    WHERE contact_id = ANY(%(ids)s) AND valid_to < %(today)s""",
    "interests": """
    UNION ALL SELECT contact_id, 'interest', topic_id::text FROM contacts_interest
    WHERE contact_id = ANY(%(ids)s)""",
    "preferred_name": """
    UNION ALL SELECT id, 'preferred_name', '' FROM contacts_contact
    WHERE id = ANY(%(ids)s) AND preferred_name <> ''""",
    "responsible": """
    UNION ALL SELECT id, 'responsible', '' FROM contacts_contact
    WHERE id = ANY(%(ids)s) AND responsible_id IS NOT NULL""",
    "team": """
    UNION ALL SELECT id, 'team', '' FROM contacts_contact
    WHERE id = ANY(%(ids)s) AND team_id IS NOT NULL""",
}
_BY_THIS_FILE = """
    SELECT DISTINCT contact_id FROM contacts_importrow
    WHERE batch_id = %s AND contact_id = ANY(%s) AND outcome = 'new' AND is_written
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
    # Whether an earlier row of the same file has added it.
    is_of_this_file: bool = False
    # Whether whoever ordered the import may change it.
    is_within_reach: bool = True
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
    locks nobody, and finds those as well whom earlier rows would add. People beyond the
    reach of ``actor`` at this moment are found, so that nobody is added twice, and left
    as they are.
    """

    def __init__(
        self, batch: ImportBatch, *, actor: Actor, trial: Trial | None = None
    ) -> None:
        self._batch, self._user = batch, actor.user
        self._key, self._system = batch.recognised_by, batch.external_system
        self._is_trial = trial is not None
        self._facts = _FACTS + "".join(
            sql for code, sql in _FACTS_OF_COLUMNS.items() if code in batch.targets
        )
        self._by_number: dict[uuid.UUID, Known] = {}
        self._holders: dict[Fact, list[Known]] = defaultdict(list)

    def load(self, people: Iterable[Person]) -> None:
        """Fetch everybody who has an address of one of these rows."""
        people = list(people)
        values = {value for row in people for value in (*row.emails, *row.phones)}
        external = {row.external_id for row in people if row.external_id}
        numbers = {row.record_number for row in people if row.record_number}
        with connection.cursor() as cursor:
            holders = self._fetch(
                cursor,
                _HOLDERS,
                _HOLDERS_TRIED,
                values=list(values),
                system=self._system,
                external=list(external) if self._system else [],
                numbers=list(numbers) if self._key == Key.NUMBER else [],
            )
            ids = [row[0] for row in holders]
            known = self._known(cursor, ids)
            for pk, kind, value in self._fetch(
                cursor,
                self._facts,
                _FACTS_TRIED,
                ids=list(known),
                system=self._system,
                today=timezone.localdate(),
            ):
                known[pk].facts.add((kind, value))
            if not self._is_trial and known:
                cursor.execute(_BY_THIS_FILE, [self._batch.pk, list(known)])
                for (pk,) in cursor.fetchall():
                    known[pk].is_of_this_file = True
        self._keep_out_of_reach(known)
        self._holders.clear()
        self._by_number = known
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
                contact = known.setdefault(
                    pk, Known(pk, "", is_stored=False, is_of_this_file=True)
                )
                contact.name = contact.name or name
        return known

    def _keep_out_of_reach(self, known: dict[uuid.UUID, Known]) -> None:
        user = self._user
        if user is None or not access.is_limited(user, Contact, Action.CHANGE):
            return
        stored = [each.id for each in known.values() if each.is_stored]
        people = Contact.objects.filter(pk__in=stored)
        reached = set(
            access.visible_to(user, people, Action.CHANGE).values_list("pk", flat=True)
        )
        for each in known.values():
            each.is_within_reach = (
                not each.is_stored or each.is_of_this_file or each.id in reached
            )

    def known_ids(self) -> set[uuid.UUID]:
        """Return the stored contacts that rows may mean."""
        return {known.id for known in self._by_number.values() if known.is_stored}

    def remember(self, contact: Known, facts: Iterable[Fact]) -> None:
        """Let later rows find a contact by these addresses."""
        for kind, value in facts:
            if kind in (EMAIL, PHONE, EXTERNAL):
                self._holders[kind, value].append(contact)

    def match(self, person: Person) -> Known | None:
        """Return whom the row means by the key of the import, the oldest of several.

        Whom the other system knows under another number is somebody else.
        """
        if self._key == Key.NUMBER:
            return self._by_number.get(person.record_number)  # type: ignore[arg-type]
        number = person.external_id if self._system else ""
        if number and (found := self._with(EXTERNAL, [number])):
            return found[0]
        for found_by in (self._by_email, self._by_phone):
            known = found_by(person)
            if known and not (number and known.values(EXTERNAL)):
                return known
        return None

    def lacks_key(self, person: Person) -> bool:
        """Whether a row lacks what people are to be recognised by."""
        return {
            Key.AUTO: False,
            Key.EMAIL: not person.emails,
            Key.PHONE: not (person.phones and person.name),
            Key.NUMBER: person.record_number is None,
            Key.EXTERNAL: not person.external_id,
        }[Key(self._key)]

    def is_left_out(self, contact: Known | None) -> str:
        """Return why the import does not concern a person, a code; empty if it does."""
        if contact is not None and not contact.is_within_reach:
            return "not_taken"
        is_known = contact is not None and not contact.is_of_this_file
        if self._batch.mode == Mode.NEW and is_known:
            return "known_already"
        if self._batch.mode == Mode.UPDATE and not is_known:
            return "not_known"
        return ""

    def resembles(self, person: Person) -> bool:
        """Whether somebody has an address of a row that means somebody new."""
        return bool(
            self._with(EMAIL, person.emails)
            or (person.name and self._with(PHONE, person.phones))
        )

    def _by_email(self, person: Person) -> Known | None:
        if self._key == Key.PHONE:
            return None
        name = normalise_name(person.name)
        holders = self._with(EMAIL, person.emails)
        if namesakes := [known for known in holders if known.name == name]:
            return namesakes[0]
        return holders[0] if holders else None

    def _by_phone(self, person: Person) -> Known | None:
        if self._key == Key.EMAIL:
            return None
        name = normalise_name(person.name)
        for known in self._with(PHONE, person.phones):
            is_namesake = bool(name) and known.name == name
            is_nameless = not (name and known.name) and self._key != Key.PHONE
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
        self, cursor: Any, stored: str, tried: str, **values: Any
    ) -> list[tuple[Any, ...]]:
        cursor.execute(stored + tried if self._is_trial else stored, values)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
