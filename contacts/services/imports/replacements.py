"""Writing values over others, for the people of a chunk in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.utils import timezone

from contacts.models import ImportChange
from contacts.services.imports.merging import Change

Field = ImportChange.Field
_OF_CONTACT = (Field.FIRST_NAME, Field.LAST_NAME, Field.LANGUAGE, Field.RELATIONSHIP)
_CONTACT = """
    UPDATE contacts_contact c SET {column} = r.value, updated_at = %s
    FROM unnest(%s::uuid[], %s::text[]) AS r (id, value) WHERE c.id = r.id
"""
_NOT_FIRST = """
    UPDATE contacts_contactpoint SET is_primary = false
    WHERE is_primary AND kind = %s AND contact_id = ANY(%s)
"""
_FIRST = """
    UPDATE contacts_contactpoint p SET is_primary = true
    FROM unnest(%s::uuid[], %s::text[]) AS r (id, value)
    WHERE p.contact_id = r.id AND p.kind = %s AND p.value = r.value
"""
_JOB_TITLE = """
    UPDATE contacts_affiliation a SET job_title = r.value
    FROM unnest(%s::bigint[], %s::text[]) AS r (id, value) WHERE a.id = r.id
"""
_ADDRESS = """
    UPDATE contacts_postaladdress a
    SET street = r.street, postcode = r.postcode, town = r.town
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[])
        AS r (id, street, postcode, town)
    WHERE a.id = r.id
"""


def write(changed: Iterable[Change]) -> None:
    """Put what the rows say in the place of what is stored."""
    by_field: dict[str, list[Any]] = {}
    for change in changed:
        for replaced in change.replaced:
            by_field.setdefault(replaced.field, []).append(
                (change.contact.id, replaced)
            )
    for field, found in by_field.items():
        ids = [contact for contact, _replaced in found]
        values = [replaced.new for _contact, replaced in found]
        records = [replaced.record for _contact, replaced in found]
        if field in _OF_CONTACT:
            _run(_CONTACT.format(column=str(field)), timezone.now(), ids, values)
        elif field in (Field.FIRST_EMAIL, Field.FIRST_PHONE):
            use_first(str(field).removeprefix("first_"), ids, values)
        elif field == Field.JOB_TITLE:
            _run(_JOB_TITLE, list(map(int, records)), values)
        else:
            parts = zip(*(replaced.parts for _contact, replaced in found), strict=True)
            _run(_ADDRESS, list(map(int, records)), *map(list, parts))


def use_first(kind: str, ids: list[Any], values: list[str]) -> None:
    """Let these addresses of these people be the ones used first."""
    _run(_NOT_FIRST, kind, ids)
    _run(_FIRST, ids, values, kind)


def _run(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
