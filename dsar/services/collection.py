"""Collecting what an access request returns, and what must be reviewed before.

The tables, the ways to the persons and the verdicts all come from the data map. What
may be given is not copied: it stays in its table and is read when the package is made.
What may speak of others gets a :class:`dsar.models.Finding` that waits for the DPO.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _
from psycopg.sql import quote

from dsar.models import Finding, Request, RequestEvent
from dsar.scope import KIND, Scope, exists_now, row_counts, scope_of
from dsar.services import requests
from dsar.verdicts import Column, columns_of, roles_of
from register.actors import Actor
from register.datamap.declarations import WithParent
from register.datamap.graph import Entry, graph
from register.errors import DomainError


def entries() -> list[Entry]:
    """Return the tables in which a contact's data may be, in the order of the map."""
    return [entry for entry in graph().personal() if entry.subjects(KIND)]


@transaction.atomic
def collect(request: Request, *, actor: Actor) -> dict[str, int]:
    """Find everything about the confirmed persons; return numbers of rows by table.

    Values that wait for review become findings. Collecting again adds those of new
    rows, forgets those of rows that are gone, and keeps every decision taken.
    Refuses a request whose person is not confirmed, and a closed one.
    """
    request = requests.lock(request)
    requests.require_open(request)
    scope = scope_of(request)
    if scope.is_empty:
        raise DomainError(
            "person_not_confirmed",
            _("Confirm first whom the request is about, then collect."),
        )
    counts = row_counts(entries(), scope)
    for entry in entries():
        _find_values(request, entry, scope)
    waiting = request.findings.filter(verdict=Finding.Verdict.WAITING).exists()
    request.state = Request.State.REVIEW if waiting else Request.State.REVIEWED
    request.save(update_fields=["state"])
    requests.add_event(request, RequestEvent.Kind.COLLECTED, actor=actor)
    requests.record(
        "request.collected", request, actor=actor, count=sum(counts.values())
    )
    return {label: count for label, count in counts.items() if count}


def conversation_of(entry: Entry, alias: str) -> str:
    """Return SQL for what a row is reviewed together with: its whole, or its table."""
    retention = entry.map.retention
    if isinstance(retention, WithParent):
        field = entry.model._meta.get_field(retention.parent)
        label = field.remote_field.model._meta.label  # type: ignore[union-attr]
        return f'{quote(label + ":")} || {alias}."{field.column}"'  # type: ignore[union-attr]
    return quote(entry.label)


def _find_values(request: Request, entry: Entry, scope: Scope) -> None:
    """Write the findings of one table, set-based, and drop those of vanished rows."""
    roles = roles_of(entry, scope)
    for column in columns_of(entry):
        if not column.is_reviewed or roles is None:
            continue
        values = _values_to_review(entry, column, roles)
        request_id, table = quote(str(request.pk)), quote(entry.label)
        field = quote(column.name)
        with connection.cursor() as cursor:
            cursor.execute(
                f'DELETE FROM dsar_finding WHERE request_id = {request_id}::uuid AND "table" = {table}'
                f" AND field = {field} AND row_key NOT IN (SELECT row_key FROM ({values}) v)"
            )
            cursor.execute(
                'INSERT INTO dsar_finding (request_id, "table", row_key, field, conversation, verdict, ground, redacted)'
                f" SELECT {request_id}::uuid, {table}, v.row_key, {field}, v.conversation, 'waiting', '', ''"
                f" FROM ({values}) v ON CONFLICT DO NOTHING"
            )


def _values_to_review(entry: Entry, column: Column, roles: str) -> str:
    """Return a query for ``row_key`` and ``conversation`` of what must be reviewed."""
    meta = entry.model._meta
    return (
        f'SELECT t."{meta.pk.column}"::text AS row_key,'
        f" {conversation_of(entry, 't')} AS conversation"
        f' FROM "{meta.db_table}" t JOIN ({roles}) r ON r.key = t."{meta.pk.column}"'
        f" WHERE r.rank < 2 AND {column.needs_review('r')}"
        f" AND {column.is_filled('t')} AND {exists_now(entry, 't')}"
        f' ORDER BY t."{meta.pk.column}"'
    )
