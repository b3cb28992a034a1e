"""Writing what rows say besides names and addresses: what roles lack, and interests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.utils import timezone

from contacts.models import ImportBatch, ImportChange, Interest
from contacts.models.people import Source
from contacts.services.imports import matching, replacements
from contacts.services.imports.copying import copy_rows
from contacts.services.imports.merging import Change

_IMPORT = str(Source.IMPORT)
# The first role at the company that has not ended, and lacks it.
_FILL_ROLE = """
    UPDATE contacts_affiliation a SET {column} = r.value
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS r (contact, company, value)
    WHERE a.id = (SELECT id FROM contacts_affiliation
        WHERE contact_id = r.contact AND company_id = r.company AND {column} = ''
        AND (valid_to IS NULL OR valid_to >= %s) ORDER BY id LIMIT 1)
"""
_ADD_DUTIES = """
    UPDATE contacts_affiliation a SET duties = a.duties || string_to_array(r.codes, ',')
    FROM unnest(%s::uuid[], %s::uuid[], %s::text[]) AS r (contact, company, codes)
    WHERE a.id = (SELECT id FROM contacts_affiliation
        WHERE contact_id = r.contact AND company_id = r.company
        AND (valid_to IS NULL OR valid_to >= %s) ORDER BY id LIMIT 1)
"""
# What a person says gives more than what was concluded about it.
_INFERRED = """
    DELETE FROM contacts_inferredinterest i
    USING unnest(%s::uuid[], %s::bigint[], %s::bigint[]) AS r (contact, topic, row)
    WHERE i.contact_id = r.contact AND i.topic_id = r.topic
    RETURNING r.row, i.contact_id, i.topic_id, i.id, i.concluded_from, i.concluded_on,
        i.source, i.created_at
"""


def write(changed: list[Change], new: list[Change], batch: ImportBatch) -> None:
    """Write them for the people of a chunk, in a fixed number of statements."""
    _fill_contacts(changed, {change.contact.id for change in new})
    of_known_roles = [
        change
        for change in changed
        if change.company is not None and not change.adds(matching.COMPANY)
    ]
    _fill_roles(of_known_roles, matching.TITLE, "job_title")
    _fill_roles(of_known_roles, matching.DEPARTMENT, "department")
    _add_duties(of_known_roles)
    _add_interests(changed, batch)


def _fill_contacts(changed: list[Change], new: set[Any]) -> None:
    for name in matching.OF_CONTACT:
        found = {
            change.contact.id: str(getattr(change.person, name))
            for change in changed
            # Those that are new have it from the beginning.
            if change.adds(name) and not (change.is_new and change.contact.id in new)
        }
        if found:
            replacements.set_in_contacts(name, list(found), list(found.values()))


def _fill_roles(changed: Iterable[Change], kind: str, column: str) -> None:
    _of_roles(
        _FILL_ROLE.format(column=column),
        {
            (change.contact.id, change.company.id): getattr(change.person, column)
            for change in changed
            if change.company is not None and change.adds(kind)
        },
    )


def _add_duties(changed: Iterable[Change]) -> None:
    found: dict[tuple[Any, Any], list[str]] = {}
    for change in changed:
        for kind, value in change.facts:
            if kind == matching.DUTY and change.company is not None:
                company, _colon, code = value.rpartition(":")
                found.setdefault((change.contact.id, company), []).append(code)
    _of_roles(_ADD_DUTIES, {key: ",".join(codes) for key, codes in found.items()})


def _of_roles(sql: str, values: dict[tuple[Any, Any], str]) -> None:
    if values:
        with connection.cursor() as cursor:
            columns = map(list, zip(*values, strict=True))
            cursor.execute(sql, [*columns, list(values.values()), timezone.localdate()])


def _add_interests(changed: Iterable[Change], batch: ImportBatch) -> None:
    now = timezone.now()
    given_on = batch.collected_on or timezone.localdate()
    found = [
        (change.contact.id, int(value), change.person.row_id)
        for change in changed
        for kind, value in change.facts
        if kind == matching.INTEREST
    ]
    if not found:
        return
    copy_rows(
        Interest,
        "contact_id, topic_id, given_on, source, created_at",
        [(contact, topic, given_on, _IMPORT, now) for contact, topic, _row in found],
    )
    with connection.cursor() as cursor:
        cursor.execute(_INFERRED, [list(column) for column in zip(*found, strict=True)])
        gone = cursor.fetchall()
    # Noted before what is added, so that it comes back after that has gone.
    ImportChange.objects.bulk_create(
        ImportChange(
            batch=batch,
            row_id=row,
            contact_id=contact,
            kind=ImportChange.Kind.REPLACED,
            field=ImportChange.Field.INTEREST,
            old="\n".join([text, on.isoformat(), source, at.isoformat()]),
            new=str(topic),
            record=str(pk),
            is_written=True,
            created_at=batch.created_at,
        )
        for row, contact, topic, pk, text, on, source, at in gone
    )
