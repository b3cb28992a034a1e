"""Which stored values a file may replace: those that nobody entered by hand.

What staff or the person entered or corrected stays, and so does what was changed after
the list was collected, unless the column was expressly allowed to replace everything.
Addresses are never removed: the address of the file is merely used first.
"""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from django.db import connection
from django.utils import timezone

from contacts.models import ImportBatch, ImportChange
from contacts.models.people import Source
from contacts.services.imports.companies import KnownCompany
from contacts.services.imports.rows import Person

Field = ImportChange.Field
# What a column can replace, in the words of the targets.
REPLACEABLE = {
    "first_name": (Field.FIRST_NAME,),
    "last_name": (Field.LAST_NAME,),
    "full_name": (Field.FIRST_NAME, Field.LAST_NAME),
    "preferred_name": (Field.PREFERRED_NAME,),
    "language": (Field.LANGUAGE,),
    "responsible": (Field.RESPONSIBLE,),
    "team": (Field.TEAM,),
    "relationship": (Field.RELATIONSHIP,),
    "email": (Field.FIRST_EMAIL,),
    "phone": (Field.FIRST_PHONE,),
    "mobile": (Field.FIRST_PHONE,),
    "job_title": (Field.JOB_TITLE,),
    "department": (Field.DEPARTMENT,),
    "street": (Field.ADDRESS,),
    "postcode": (Field.ADDRESS,),
    "town": (Field.ADDRESS,),
}
# How the audit trail names what was changed.
_NAMES = {
    Field.FIRST_EMAIL: "contactpoint.",
    Field.FIRST_PHONE: "contactpoint.",
    Field.JOB_TITLE: "affiliation.",
    Field.DEPARTMENT: "affiliation.",
    Field.ADDRESS: "postaladdress.",
}
_IN_CONTACT = (
    *("first_name", "last_name", "language", "relationship"),
    *("preferred_name", "responsible", "team"),
)
_OF_ROLES = (Field.JOB_TITLE, Field.DEPARTMENT)
_BY_HAND = frozenset({Source.PERSON.value, Source.STAFF.value})
_CONTACTS = """
    SELECT id, first_name, last_name, language, relationship, preferred_name,
        coalesce(responsible_id::text, ''), coalesce(team_id::text, ''),
        source, created_at
    FROM contacts_contact WHERE id = ANY(%s)
"""
_POINTS = """
    SELECT contact_id, kind, value, source, created_at FROM contacts_contactpoint
    WHERE contact_id = ANY(%s) AND is_primary
"""
_ADDRESSES = """
    SELECT contact_id, id, street, postcode, town, source, created_at
    FROM contacts_postaladdress WHERE contact_id = ANY(%s) ORDER BY id
"""
_ROLES = """
    SELECT contact_id, id, company_id, job_title, department, source, created_at
    FROM contacts_affiliation WHERE contact_id = ANY(%s) ORDER BY id
"""
_CORRECTED = """
    SELECT subject_id, field, max(at), bool_or(action = 'record.changed')
    FROM register_auditentry, jsonb_array_elements_text(details->'fields') AS field
    WHERE subject_id = ANY(%s) AND details ? 'fields'
    AND action IN ('record.changed', 'contact.import_changed')
    GROUP BY 1, 2
"""
_BY_THIS_FILE = """
    SELECT contact_id, field FROM contacts_importchange
    WHERE batch_id = %s AND contact_id = ANY(%s)
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Replacement:
    """One stored value and what stands in its place. ``record`` is a part's number."""

    field: ImportChange.Field
    old: str
    new: str
    record: str = ""
    # What an address consists of.
    parts: tuple[str, ...] = ()


@dataclasses.dataclass(slots=True)
class _Value:
    text: str
    source: str
    since: datetime.datetime
    record: str = ""
    company: uuid.UUID | None = None
    parts: tuple[str, ...] = ()


class Standing:
    """What is stored of some people, as far as a file may replace it."""

    def __init__(self, batch: ImportBatch) -> None:
        self._batch = batch
        self._everything = _fields(batch.replaced_all)
        self.fields = _fields(batch.replaced) | self._everything
        self._values: dict[uuid.UUID, dict[str, list[_Value]]] = {}
        self._corrected: dict[uuid.UUID, list[tuple[str, datetime.datetime, bool]]] = (
            defaultdict(list)
        )
        self._said: dict[tuple[uuid.UUID, str], str | None] = {}

    def load(self, ids: Collection[uuid.UUID]) -> None:
        """Fetch what these people have; nothing if the file replaces nothing."""
        if not (self.fields and ids):
            return
        keys = list(ids)
        with connection.cursor() as cursor:

            def rows(sql: str, *params: Any) -> list[Any]:
                cursor.execute(sql, params)
                fetched: list[Any] = cursor.fetchall()
                return fetched

            for pk, *texts, source, since in rows(_CONTACTS, keys):
                names = _IN_CONTACT
                self._values[pk] = defaultdict(
                    list,
                    {
                        name: [_Value(text, source, since)]
                        for name, text in zip(names, texts, strict=True)
                    },
                )
            for pk, kind, value, source, since in rows(_POINTS, keys):
                self._add(pk, f"first_{kind}", _Value(value, source, since))
            for pk, record, *parts, source, since in rows(_ADDRESSES, keys):
                self._add(
                    pk,
                    Field.ADDRESS,
                    _Value(
                        address_text(*parts),
                        source,
                        since,
                        str(record),
                        parts=tuple(parts),
                    ),
                )
            for pk, record, company, *texts, source, since in rows(_ROLES, keys):
                for field, text in zip(_OF_ROLES, texts, strict=True):
                    value = _Value(text, source, since, str(record), company)
                    self._add(pk, field, value)
            for pk, field, at, is_by_hand in rows(_CORRECTED, keys):
                self._corrected[pk].append((field, at, is_by_hand))
            for pk, field in rows(_BY_THIS_FILE, self._batch.pk, keys):
                self._said[pk, field] = None

    def _add(self, pk: uuid.UUID, field: str, value: _Value) -> None:
        if pk in self._values:
            self._values[pk][field].append(value)

    def replace(
        self, contact: uuid.UUID, person: Person, company: KnownCompany | None
    ) -> list[Replacement]:
        """Return what a row replaces; what stays although it differs is remarked."""
        if contact not in self._values:
            return []
        found = []
        for field, new, parts in _said(person):
            if field not in self.fields or not new:
                continue
            value = self._stored(contact, field, company)
            # What is missing is filled in by others, and what is the same is left.
            if value is None or not value.text or value.text == new:
                continue
            if (contact, field) in self._said:
                if self._said[contact, field] != new:
                    _remark(person, "said_twice")
            elif self._may(contact, field, value):
                old = "\n".join(value.parts) if value.parts else value.text
                found.append(Replacement(field, old, new, value.record, parts))
                self._said[contact, field] = new
            else:
                _remark(person, "value_kept")
        return found

    def _stored(
        self, contact: uuid.UUID, field: str, company: KnownCompany | None
    ) -> _Value | None:
        values = self._values[contact][field]
        if field in _OF_ROLES:
            wanted = company.id if company else None
            values = [value for value in values if value.company == wanted]
        return values[0] if values else None

    def _may(self, contact: uuid.UUID, field: str, value: _Value) -> bool:
        if field in self._everything:
            return True
        if value.source in _BY_HAND or self._is_newer(value.since):
            return False
        name = _NAMES.get(field, "")  # type: ignore[call-overload]
        for corrected, at, is_by_hand in self._corrected[contact]:
            is_about_it = corrected == field or (name and corrected.startswith(name))
            if is_about_it and (is_by_hand or self._is_newer(at)):
                return False
        return True

    def _is_newer(self, at: datetime.datetime) -> bool:
        day = self._batch.collected_on
        return day is not None and timezone.localdate(at) > day


def _remark(person: Person, code: str) -> None:
    if code not in person.remarks:
        person.remarks.append(code)


def _fields(codes: Collection[str]) -> set[str]:
    return {str(field) for code in codes for field in REPLACEABLE.get(code, ())}


def _said(person: Person) -> list[tuple[ImportChange.Field, str, tuple[str, ...]]]:
    address = (person.street, person.postcode, person.town)
    return [
        (Field.FIRST_NAME, person.first_name, ()),
        (Field.LAST_NAME, person.last_name, ()),
        (Field.LANGUAGE, person.language, ()),
        (Field.RELATIONSHIP, person.relationship, ()),
        (Field.PREFERRED_NAME, person.preferred_name, ()),
        (Field.RESPONSIBLE, str(person.responsible or ""), ()),
        (Field.TEAM, str(person.team or ""), ()),
        (Field.FIRST_EMAIL, next(iter(person.emails), ""), ()),
        (Field.FIRST_PHONE, next(iter(person.phones), ""), ()),
        (Field.JOB_TITLE, person.job_title, ()),
        (Field.DEPARTMENT, person.department, ()),
        (Field.ADDRESS, address_text(*address), address),
    ]


def address_text(street: str, postcode: str, town: str) -> str:
    """Return a postal address on one line."""
    place = f"{postcode} {town}".strip()
    return ", ".join(part for part in (street, place) if part)
