"""What rows change in people whom the register has, kept to be shown and undone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db import connection

from contacts.models import ImportBatch, ImportChange, PostalAddress
from contacts.services.imports import matching
from contacts.services.imports.companies import CompanyMatcher
from contacts.services.imports.merging import Change, Merge
from contacts.services.imports.replacing import address_text
from contacts.services.imports.rows import Person

Field, Kind = ImportChange.Field, ImportChange.Kind
_ADDED, _REPLACED = str(Kind.ADDED), str(Kind.REPLACED)
_COLUMNS = (
    *("batch_id", "row_id", "contact_id", "kind", "field", "old", "new", "record"),
    *("is_written", "undone", "created_at"),
)
Values = tuple[str, str, str]


def keep(
    batch: ImportBatch, merged: Merge, companies: CompanyMatcher, *, is_written: bool
) -> None:
    """Store what the rows change, and which companies they make."""
    rows = list(_of_people(merged))
    if is_written:
        rows += [
            (None, None, _ADDED, str(field), "", text, str(company.id))
            for field, found in (
                (Field.COMPANY, companies.made),
                (Field.BUSINESS_ID, companies.numbered),
            )
            for company in found
            for text in [company.business_id if field == Field.BUSINESS_ID else ""]
        ]
    if not rows:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY contacts_importchange ({', '.join(_COLUMNS)}) FROM STDIN"
        ) as copy,
    ):
        for row in rows:
            # They end together with the rows of the file.
            copy.write_row((batch.pk, *row, is_written, "", batch.created_at))


def forget_planned(batch: ImportBatch) -> None:
    """Delete what a dry run would have changed."""
    batch.changes.filter(is_written=False).delete()


def _of_people(merged: Merge) -> Iterator[tuple[Any, ...]]:
    for change in merged.changes:
        if change.contact.is_of_this_file:
            continue
        where = (change.person.row_id, change.contact.id)
        for field, new, record in _added(change):
            yield (*where, _ADDED, str(field), "", new, record)
        for replaced in change.replaced:
            yield (
                *(*where, _REPLACED, str(replaced.field)),
                *(replaced.old, replaced.new, replaced.record),
            )


def _added(change: Change) -> Iterator[Values]:
    person = change.person
    for kind, value in change.facts:
        match kind:
            case matching.EMAIL:
                yield Field.EMAIL, value, ""
            case matching.PHONE:
                yield Field.PHONE, value, ""
            case matching.EXTERNAL:
                yield Field.EXTERNAL_ID, value, ""
            case matching.LANGUAGE:
                yield Field.LANGUAGE, person.language, ""
            case matching.ADDRESS:
                address = address_text(person.street, person.postcode, person.town)
                yield Field.ADDRESS, address, address_record(person)
            case matching.NAME:
                for field, text in (
                    (Field.FIRST_NAME, person.first_name),
                    (Field.LAST_NAME, person.last_name),
                ):
                    if text:
                        yield field, text, ""
            case matching.COMPANY if change.company is not None:
                yield (
                    Field.ROLE,
                    role_text(
                        person.job_title,
                        change.company.name,
                        person.department,
                        person.duties,
                    ),
                    str(change.company.id),
                )
            case matching.INTEREST:
                yield Field.INTEREST, value, ""
            case name if name in matching.OF_CONTACT:
                yield name, str(getattr(person, name)), ""
    if change.company is not None and not change.adds(matching.COMPANY):
        yield from _added_to_role(change, str(change.company.id))


def _added_to_role(change: Change, company: str) -> Iterator[Values]:
    for kind, value in change.facts:
        match kind:
            case matching.TITLE:
                yield Field.JOB_TITLE, change.person.job_title, company
            case matching.DEPARTMENT:
                yield Field.DEPARTMENT, change.person.department, company
            case matching.DUTY:
                yield Field.DUTY, value.rpartition(":")[2], company


def role_text(
    job_title: str, company: str, department: str = "", duties: Collection[str] = ()
) -> str:
    """Return a role on one line, duties by their codes."""
    parts = (job_title, company, department, " + ".join(sorted(duties)))
    return ", ".join(part for part in parts if part)


def address_record(address: Person | PostalAddress) -> str:
    """Return what belongs to an address besides itself, to be compared when undone."""
    if isinstance(address, Person):
        usage, first, last = (
            *(address.address_usage, address.address_from, address.address_to),
        )
    else:
        usage, first, last = address.usage, address.valid_from, address.valid_to
    return f"{usage}|{first or ''}|{last or ''}|{address.country or 'FI'}"
