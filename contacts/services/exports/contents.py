"""What an export is of: people, or companies among whom some are people, too."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from contacts.models import Company, Contact, Export, ExportCompany, ExportPerson
from register import access
from register.datamap.vocabulary import Action, Category

Content = Export.Content


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """A table whose rows are exported, and where it is kept which of them were."""

    content: Export.Content
    model: type[Contact] | type[Company]
    kept: type[ExportPerson] | type[ExportCompany]
    field: str
    category: Category


KINDS = {
    Content.PEOPLE: _Kind(
        Content.PEOPLE, Contact, ExportPerson, "contact", Category.IDENTITY
    ),
    Content.COMPANIES: _Kind(
        Content.COMPANIES, Company, ExportCompany, "company", Category.COMPANY
    ),
}

_FIX = """
    INSERT INTO {table} (export_id, {field}_id)
    SELECT DISTINCT %s::uuid, key FROM ({chosen}) chosen (key)
"""
# Customers who are people, with whoever stands for them.
_FIX_PEOPLE = """
    INSERT INTO contacts_exportperson (export_id, contact_id)
    SELECT DISTINCT e.export_id, a.contact_id FROM contacts_exportcompany e
    JOIN contacts_company c ON c.id = e.company_id AND c.kind = ANY(%s)
    JOIN contacts_affiliation a ON a.company_id = c.id
    WHERE e.export_id = %s
    AND NOT EXISTS (SELECT 1 FROM contacts_exportperson p
        WHERE p.export_id = e.export_id AND p.contact_id = a.contact_id)
"""


def of_model(model: type[Any]) -> _Kind:
    """Return the kind of export that a table has. Raises LookupError."""
    for kind in KINDS.values():
        if kind.model is model:
            return kind
    raise LookupError(model._meta.label)


def of_export(export: Export) -> _Kind:
    """Return the kind of an export."""
    return KINDS[Content(export.content)]


def may_export(user: object, content: str = "") -> bool:
    """Whether a user may take people, companies, or any of both out of the register."""
    return any(
        access.may(user, Action.EXPORT, kind.category)
        and access.may(user, Action.VIEW, kind.category)
        for kind in KINDS.values()
        if not content or kind.content == content
    )


def fix(export: Export, rows: QuerySet[Any]) -> int:
    """Write down what is in it, by one statement, under the rights of who reads now."""
    kind = of_export(export)
    try:
        chosen, params = rows.order_by().values_list("pk").query.sql_with_params()
    except EmptyResultSet:  # a search that found nobody
        return 0
    # The compiled query has its values in params.
    sql = _FIX.format(table=kind.kept._meta.db_table, field=kind.field, chosen=chosen)
    with connection.cursor() as cursor:
        cursor.execute(sql, [export.pk, *params])
        count = int(cursor.rowcount)
    fix_people(export)
    return count


def fix_people(export: Export) -> None:
    """Write down which people are among the companies of an export."""
    if export.content != Content.COMPANIES:
        return
    with connection.cursor() as cursor:
        cursor.execute(_FIX_PEOPLE, [[*map(str, Company.NATURAL_PERSONS)], export.pk])


def counts(export: Export) -> tuple[int, int]:
    """Return how many rows are still in an export, and how many people."""
    rows = of_export(export).kept._default_manager.filter(export=export)
    return rows.count(), ExportPerson.objects.filter(export=export).count()


def reaches_all(user: object, export: Export) -> bool:
    """Whether a user still reaches every row of an export. Asked as the user sees them."""
    kind = of_export(export)
    if not any(
        access.is_limited(user, kind.model, action)
        for action in (Action.VIEW, Action.EXPORT)
    ):
        return True
    kept = kind.kept._default_manager.filter(export=export)
    rows: QuerySet[Any] = kind.model._default_manager.all()
    for action in (Action.VIEW, Action.EXPORT):
        rows = access.visible_to(user, rows, action)
    return not kept.exclude(**{f"{kind.field}__in": rows.values("pk")}).exists()


def take_out(export: Export, keys: Sequence[uuid.UUID]) -> None:
    """Forget rows that are not exported after all."""
    kind = of_export(export)
    found = kind.kept._default_manager.filter(
        export=export, **{f"{kind.field}__in": list(keys)}
    )
    if not found.delete()[0] or kind.content != Content.COMPANIES:
        return
    left = Contact.objects.filter(
        affiliations__company__in=export.companies.values("company"),
        affiliations__company__kind__in=Company.NATURAL_PERSONS,
    )
    export.people.exclude(contact__in=left.values("pk")).delete()


def forget(export: Export) -> None:
    """Forget who and what was to be in an export of which nothing left."""
    export.people.all().delete()
    export.companies.all().delete()
