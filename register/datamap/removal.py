"""Deleting rows with all their parts and files, set by set.

Used by retention and by erasure. What is part of a row is known from the foreign
keys: cascading ones are parts, nulling ones are mere references.
"""

from __future__ import annotations

import functools
from collections import Counter
from typing import Any

from django.db import connection, models

from register import files
from register.datamap.graph import graph


def delete_rows(
    model: type[models.Model], keys: list[Any], *, has_parts: bool = True
) -> Counter[str]:
    """Delete the rows with ``keys``, their parts and (after commit) their files.

    Call it inside a transaction. ``has_parts=False`` where the parts are gone already
    and the rows are locked, so that none can be added. Returns the numbers of deleted rows by table label,
    and of files under ``"files"``. Rows that are gone already are not counted.
    """
    counts: Counter[str] = Counter()
    if keys:
        _delete(model, keys, counts, has_parts=has_parts)
    return counts


def parts_of(model: type[models.Model]) -> list[tuple[type[models.Model], str]]:
    """Return ``(table, foreign-key column)`` of everything that goes with a row."""
    return [
        (relation.related_model, relation.field.column)
        for relation in _relations(model)
        if relation.on_delete is models.CASCADE
    ]


def _delete(
    model: type[models.Model],
    keys: list[Any],
    counts: Counter[str],
    *,
    has_parts: bool = True,
) -> None:
    meta = model._meta
    for relation in _relations(model):
        part, column = relation.related_model, relation.field.column
        if relation.on_delete is models.CASCADE and has_parts:
            _delete_parts(part, column, keys, counts)
        elif relation.on_delete is models.SET_NULL:
            _run(
                f'UPDATE "{part._meta.db_table}" SET "{column}" = NULL WHERE "{column}" = ANY(%s)',
                keys,
            )
    entry = graph().entries.get(meta.label)
    for field in entry.file_fields if entry else []:
        counts["files"] += files.order_removal_of_rows(model, field, keys)
    counts[meta.label] += _run(
        f'DELETE FROM "{meta.db_table}" WHERE "{meta.pk.column}" = ANY(%s)',
        keys,
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
        key=lambda relation: bool(_pointing_at(relation.related_model)),
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


def _run(statement: str, keys: list[Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, [keys])
        return int(cursor.rowcount)
