"""Writing values over others, for the people of a chunk in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.utils import timezone

from contacts.models import ImportChange
from contacts.services.imports.merging import Change

Field = ImportChange.Field
# With how a value is stored.
OF_CONTACT = {
    Field.FIRST_NAME: "first_name = r.value",
    Field.LAST_NAME: "last_name = r.value",
    Field.PREFERRED_NAME: "preferred_name = r.value",
    Field.LANGUAGE: "language = r.value",
    Field.RELATIONSHIP: "relationship = r.value",
    Field.RESPONSIBLE: "responsible_id = r.value::uuid",
    Field.TEAM: "team_id = r.value::bigint",
}
_CONTACT = """
    UPDATE contacts_contact c SET {value}, updated_at = %s
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
_ROLE = """
    UPDATE contacts_affiliation a SET {column} = r.value
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
        if field in OF_CONTACT:
            set_in_contacts(field, ids, values)
        elif field in (Field.FIRST_EMAIL, Field.FIRST_PHONE):
            use_first(str(field).removeprefix("first_"), ids, values)
        elif field in (Field.JOB_TITLE, Field.DEPARTMENT):
            sql = _ROLE.format(column=str(field))
            _run(sql, list(map(int, records)), values)
        else:
            parts = zip(*(replaced.parts for _contact, replaced in found), strict=True)
            _run(_ADDRESS, list(map(int, records)), *map(list, parts))


def set_in_contacts(field: str, ids: list[Any], values: list[str]) -> None:
    """Write a value of these contacts themselves, given as texts."""
    sql = _CONTACT.format(value=OF_CONTACT[Field(field)])
    _run(sql, timezone.now(), ids, values)


def use_first(kind: str, ids: list[Any], values: list[str]) -> None:
    """Let these addresses of these people be the ones used first."""
    _run(_NOT_FIRST, kind, ids)
    _run(_FIRST, ids, values, kind)


def _run(statement: str, *params: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
