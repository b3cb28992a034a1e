"""Collecting what an access request returns, and what must be reviewed before.

The tables, the ways to the persons and the verdicts all come from the data map. What
may be given is not copied: it stays in its table and is read when the package is made.
What may speak of others gets a :class:`dsar.models.Finding` that waits for the DPO.
"""

from __future__ import annotations

import uuid

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.sql import quote

from dsar.models import Request, RequestEvent
from dsar.scope import Scope, entries, from_template, scope_of
from dsar.services import requests
from dsar.services.review import Progress, progress
from dsar.verdicts import Column, columns_of, rows_sql
from register.actors import Actor
from register.database.visibility import choosing_rows
from register.datamap.declarations import WithParent
from register.datamap.graph import Entry
from register.errors import DomainError


@transaction.atomic
def collect(request: Request, *, actor: Actor) -> Progress:
    """Find what must be reviewed of everything about the confirmed persons.

    Such values become findings; all others are read when the package is made. Collecting again adds those of new
    rows, forgets those of rows that are gone, and keeps every decision taken.
    Refuses a request whose person is not confirmed, a closed one, and one for an
    erasure: it goes another way, and nobody may get the data of all whom it is about.
    """
    request = requests.lock(request)
    requests.require_open(request)
    requests.require_access(request)
    scope = scope_of(request)
    if scope.is_empty:
        raise DomainError(
            "person_not_confirmed",
            _("Confirm first whom the request is about, then collect."),
        )
    _find_values(request, scope)
    found = progress(request)
    request.state = Request.State.REVIEW if found.waiting else Request.State.REVIEWED
    request.save(update_fields=["state"])
    requests.add_event(request, RequestEvent.Kind.COLLECTED, actor=actor)
    requests.record("request.collected", request, actor=actor, count=found.total)
    return found


def conversation_of(entry: Entry, alias: str) -> str:
    """Return SQL for what a row is reviewed together with: its whole, or its table."""
    retention = entry.map.retention
    if isinstance(retention, WithParent):
        field = entry.model._meta.get_field(retention.parent)
        label = field.remote_field.model._meta.label  # type: ignore[union-attr]
        return f'{quote(label + ":")} || {alias}."{field.column}"'  # type: ignore[union-attr]
    return quote(entry.label)


@choosing_rows()
def _find_values(request: Request, scope: Scope) -> None:
    """Write the findings with one statement, and drop those of vanished rows."""
    if sql := from_template("findings", _findings_sql, request, scope):
        with connection.cursor() as cursor:
            cursor.execute(sql)


def _findings_sql(request_id: uuid.UUID, scope: Scope) -> str:
    values = [
        _values_to_review(entry, column, rows)
        for entry in entries()
        if (rows := rows_sql(entry, scope)) is not None
        for column in columns_of(entry)
        if column.is_reviewed
    ]
    if not values:
        return ""
    own = f"{quote(str(request_id))}::uuid"
    return (
        f"WITH found AS MATERIALIZED ({' UNION ALL '.join(values)}),"
        f" gone AS (DELETE FROM dsar_finding f WHERE request_id = {own} AND NOT EXISTS (SELECT 1 FROM found v"
        ' WHERE (v."table", v.row_key, v.field) = (f."table", f.row_key, f.field)))'
        ' INSERT INTO dsar_finding (request_id, "table", row_key, field, conversation, verdict, ground, redacted)'
        f" SELECT {own}, v.\"table\", v.row_key, v.field, v.conversation, 'waiting', '', ''"
        " FROM found v ON CONFLICT DO NOTHING"
    )


def _values_to_review(entry: Entry, column: Column, rows: str) -> str:
    """Return a query for what must be reviewed of one field, as findings name it."""
    key = f't."{entry.model._meta.pk.column}"'
    return (
        f'(SELECT {quote(entry.label)} AS "table", {key}::text AS row_key,'
        f" {quote(column.name)} AS field, {conversation_of(entry, 't')} AS conversation"
        f" FROM ({rows}) t WHERE {column.needs_review('t')} AND {column.is_filled('t')}"
        f" ORDER BY {key})"
    )
