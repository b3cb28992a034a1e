"""How keys of rows are asked for: as columns of a query, with what is due of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from django.db import connection, models

from dsar.scope import (
    RowsInRole,
    exists_now,
)
from register.datamap.declarations import WithParent
from register.datamap.graph import Entry, graph

Keys = dict[str, set[Any]]


def with_columns(entry: Entry, keys: str, columns: str) -> str:
    """Return the query for the keys of rows with other columns of them, of table ``t0``."""
    meta = entry.model._meta
    if _is_plain(entry, keys):
        return f"SELECT {columns} FROM {keys.removeprefix(_head(entry))}"  # noqa: S608 - identifiers come from model metadata, here and below
    return f'SELECT {columns} FROM "{meta.db_table}" t0 WHERE t0."{meta.pk.column}" IN ({keys})'  # noqa: S608


def _is_plain(entry: Entry, keys: str) -> bool:
    """Whether the query has the table as ``t0`` and reads it once."""
    return keys.startswith(_head(entry)) and " UNION " not in keys


def _head(entry: Entry) -> str:
    return f'SELECT t0."{entry.model._meta.pk.column}" FROM '  # noqa: S608


def is_due_in(entry: Entry, rows: RowsInRole) -> str:
    """Return SQL for whether a row of the query is due."""
    retention = entry.map.retention
    if (
        isinstance(retention, WithParent)
        and rows.subject.path.startswith(f"{retention.parent}__")
        and _is_plain(entry, rows.sql)
        and '" t2 ' in rows.sql
    ):
        # The way to the person leads through the parent: it is there as t2. To a
        # parent that is itself a record without a contact no join leads.
        field = entry.model._meta.get_field(retention.parent)
        parent = graph().of(field.remote_field.model)  # type: ignore[union-attr]
        return f"NOT ({exists_now(parent, 't2')})"
    return is_due_itself(entry)


def is_due_itself(entry: Entry) -> str:
    return f"NOT ({exists_now(entry, 't0')})"


# Of tables whose rows end with nothing.
_NEVER = ("false", "NOT (true)")


def keys_and_due(place: int, entry: Entry, is_due: str, *, once: bool = False) -> str:
    """Return the columns for a place, the keys of all rows, and of those that are due."""
    key = f't0."{entry.model._meta.pk.column}"'
    keys = f"json_agg({'DISTINCT ' if once else ''}{key})"
    late = f"({keys} FILTER (WHERE {is_due}))"
    if is_due in _NEVER:
        late = "NULL"
    return f"{place}, {keys}::text, {late}::text"


def keys_of(entry: Entry, keys: str | None) -> set[Any]:
    """Return keys as the table has them."""
    if keys is None:
        return set()
    found = json.loads(keys)
    return (
        set(found) if isinstance(found[0], int) else set(map(_to_python(entry), found))
    )


def _to_python(entry: Entry) -> Callable[[Any], Any]:
    # A tenth of what the field itself would take.
    pk = entry.model._meta.pk
    return uuid.UUID if isinstance(pk, models.UUIDField) else pk.to_python


def rows_of(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
