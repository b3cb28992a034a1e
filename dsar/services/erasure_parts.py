"""What goes with the rows that an erasure deletes: their parts, however deep."""

from __future__ import annotations

from typing import Any

from django.db import models

from dsar.scope import KIND
from dsar.services.erasure_sql import (
    Keys,
    is_due_itself,
    keys_and_due,
    keys_of,
    rows_of,
)
from register.database.arrays import array
from register.datamap.declarations import WithParent
from register.datamap.graph import Entry, graph
from register.datamap.removal import parts_of
from register.datamap.vocabulary import Erasure


def add_parts(delete: Keys, due: Keys, *, locks: bool) -> None:
    """Add what goes with the rows by cascading foreign keys, however deep."""
    new = {label: set(keys) for label, keys in delete.items() if keys}
    while new:
        if locks:
            _lock(new)
        relations = [
            (graph().of(part), column, label)
            for label in new
            for part, column in _unasked_parts(graph()[label])
        ]
        if not relations:
            return
        sql = " UNION ALL ".join(
            f'SELECT {keys_and_due(place, entry, _due_with(label, entry, column) or is_due_itself(entry))} FROM "{entry.model._meta.db_table}" t0'  # noqa: S608
            f' WHERE t0."{column}" = ANY(%s)'
            for place, (entry, column, label) in enumerate(relations)
        )
        params: list[Any] = []
        for entry, column, label in relations:
            if _due_with(label, entry, column):
                params.append(array(due.get(label, ())))
            params.append(array(new[label]))
        found, new = rows_of(sql, params), {}
        for place, keys, late in found:
            entry = relations[place][0]
            if late:
                due[entry.label] |= keys_of(entry, late)
            if more := keys_of(entry, keys) - delete[entry.label]:
                delete[entry.label] |= more
                new.setdefault(entry.label, set()).update(more)


def _due_with(label: str, part: Entry, column: str) -> str:
    """Return SQL for whether a part is due where that is known of its whole, else ""."""
    retention = part.map.retention
    if (
        isinstance(retention, WithParent)
        and part.model._meta.get_field(retention.parent).column == column  # type: ignore[union-attr]
        and label != part.label
    ):
        return f't0."{column}" = ANY(%s)'
    return ""


def _lock(rows: Keys) -> None:
    """Let nobody add a part to these rows; people are locked by whoever erases them."""
    root = graph().root(KIND)
    locked = [
        (graph()[label].model._meta, keys)
        for label, keys in rows.items()
        if label != root.label and parts_of(graph()[label].model)
    ]
    if not locked:
        return
    ctes = ", ".join(
        f'l{n} AS (SELECT 1 FROM "{meta.db_table}" WHERE "{meta.pk.column}" = ANY(%s)'  # noqa: S608
        f' ORDER BY "{meta.pk.column}" FOR UPDATE)'
        for n, (meta, _keys) in enumerate(locked)
    )
    counts = " + ".join(f"(SELECT count(*) FROM l{n})" for n in range(len(locked)))  # noqa: S608
    rows_of(f"WITH {ctes} SELECT {counts}", [array(keys) for _meta, keys in locked])


def _unasked_parts(entry: Entry) -> list[tuple[type[models.Model], str]]:
    """Return the parts of a table, without those that were asked for by the person."""
    parts = parts_of(entry.model)
    if entry is not graph().root(KIND):
        return parts
    return [
        (part, column)
        for part, column in parts
        if not any(
            subject.path
            and subject.erasure is Erasure.DELETE_ROW
            and subject.when is None
            and "__" not in subject.path
            and part._meta.get_field(subject.path).column == column  # type: ignore[union-attr]
            for subject in graph().of(part).subjects(KIND)
        )
    ]
