"""Deleting rows with all their parts and files, set by set.

Used by retention and by erasure. What is part of a row is known from the foreign
keys: cascading ones are parts, nulling ones are mere references.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

from django.db import connection, models

from register import files
from register.database.arrays import array
from register.datamap.graph import graph
from register.datamap.parts import goes_with_it, is_part
from register.history.removing import removing


def delete_rows(model: type[models.Model], keys: list[Any]) -> Counter[str]:
    """Delete the rows with ``keys``, their parts and (after commit) their files.

    Call it inside a transaction. Returns the numbers of deleted rows by table label,
    and of files under ``"files"``. Rows that are gone already are not counted.
    """
    counts: Counter[str] = Counter()
    if keys:
        with removing():
            _delete(model, keys, counts)
    return counts


def delete_together(rows: Mapping[type[models.Model], Collection[Any]]) -> Counter[str]:
    """Delete rows of several tables among which are all their parts, and their files.

    With one statement, since foreign keys are looked at when the transaction ends.
    Call it inside a transaction that holds locks on the rows that can have parts, so
    that none is added. Counts as :func:`delete_rows` does.
    """
    counts: Counter[str] = Counter()
    for model, keys in rows.items():
        for relation in _relations(model):
            if relation.on_delete is models.SET_NULL:
                _forget(relation, array(keys))
        counts["files"] += _order_removal(model, list(keys))
    deletions = ", ".join(
        f'd{n} AS (DELETE FROM "{model._meta.db_table}" WHERE "{model._meta.pk.column}" = ANY(%s) RETURNING 1)'
        for n, model in enumerate(rows)
    )
    totals = ", ".join(f"(SELECT count(*) FROM d{n})" for n in range(len(rows)))
    if rows:
        with removing(), connection.cursor() as cursor:
            cursor.execute(
                f"WITH {deletions} SELECT {totals}",
                [array(keys) for keys in rows.values()],
            )
            for model, count in zip(rows, cursor.fetchone(), strict=True):
                counts[model._meta.label] += count
            for label, count in _delete_late_versions(cursor, rows):
                counts[label] += count
    return counts


def _delete_late_versions(
    cursor: Any, rows: Mapping[type[models.Model], Collection[Any]]
) -> list[tuple[str, int]]:
    """Delete versions that were written while the deletion waited for their writers.

    Nobody can write more: the rows are gone.
    """
    found = [
        (relation.related_model._meta, relation.field.column, keys)
        for model, keys in rows.items()
        for relation in _relations(model)
        if relation.on_delete is goes_with_it
    ]
    if not found:
        return []
    deletions = ", ".join(
        f'd{n} AS (DELETE FROM "{meta.db_table}" WHERE "{column}" = ANY(%s) RETURNING 1)'
        for n, (meta, column, _keys) in enumerate(found)
    )
    totals = ", ".join(f"(SELECT count(*) FROM d{n})" for n in range(len(found)))
    cursor.execute(
        f"WITH {deletions} SELECT {totals}", [array(keys) for *_, keys in found]
    )
    return [
        (meta.label, count)
        for (meta, *_), count in zip(found, cursor.fetchone(), strict=True)
    ]


def parts_of(model: type[models.Model]) -> list[tuple[type[models.Model], str]]:
    """Return ``(table, foreign-key column)`` of everything that goes with a row."""
    return [
        (relation.related_model, relation.field.column)
        for relation in _relations(model)
        if is_part(relation.on_delete)
    ]


def _delete(
    model: type[models.Model],
    keys: list[Any],
    counts: Counter[str],
) -> None:
    meta = model._meta
    for relation in _relations(model):
        if relation.on_delete is models.CASCADE:
            _delete_parts(relation.related_model, relation.field.column, keys, counts)
        elif relation.on_delete is models.SET_NULL:
            _forget(relation, keys)
    counts["files"] += _order_removal(model, keys)
    counts[meta.label] += _run(
        f'DELETE FROM "{meta.db_table}" WHERE "{meta.pk.column}" = ANY(%s)',
        keys,
    )
    # Last: until its rows are gone, somebody may still be writing their versions.
    for relation in _relations(model):
        if relation.on_delete is goes_with_it:
            _delete_parts(relation.related_model, relation.field.column, keys, counts)


def _forget(relation: Any, keys: list[Any] | str) -> None:
    """Empty what merely refers to the rows."""
    column = relation.field.column
    _run(
        f'UPDATE "{relation.related_model._meta.db_table}" SET "{column}" = NULL WHERE "{column}" = ANY(%s)',
        keys,
    )


def _order_removal(model: type[models.Model], keys: list[Any]) -> int:
    """Order the files of the rows to be removed; return how many."""
    entry = graph().entries.get(model._meta.label)
    return sum(
        files.order_removal_of_rows(model, field, keys)
        for field in (entry.file_fields if entry else [])
    )


def _delete_parts(
    part: type[models.Model], column: str, keys: list[Any], counts: Counter[str]
) -> None:
    meta = part._meta
    entry = graph().entries.get(meta.label)
    if not _relations(part) and not (entry and entry.file_fields):
        counts[meta.label] += _run(
            f'DELETE FROM "{meta.db_table}" WHERE "{column}" = ANY(%s)',
            keys,
        )
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f'SELECT array_agg("{meta.pk.column}") FROM "{meta.db_table}" WHERE "{column}" = ANY(%s)',
            [keys],
        )
        part_keys = cursor.fetchone()[0]
    if part_keys:
        _delete(part, part_keys, counts)


@functools.cache
def _relations(model: type[models.Model]) -> list[Any]:
    """Return what points at ``model``: simple parts first, so that little is left below the others."""
    return sorted(
        _pointing_at(model),
        key=lambda relation: (
            relation.on_delete is goes_with_it,
            bool(_pointing_at(relation.related_model)),
        ),
    )


def _pointing_at(model: type[models.Model]) -> list[Any]:
    # Hidden ones too: a foreign key without a name on this side is a part like any other.
    return [
        field
        for field in model._meta.get_fields(include_hidden=True)
        if field.auto_created
        and not field.concrete
        and (field.one_to_one or field.one_to_many)
    ]


def _run(statement: str, keys: list[Any] | str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, [keys])
        return int(cursor.rowcount)
