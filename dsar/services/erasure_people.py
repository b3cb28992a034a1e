"""Whom the rows of an erasure reach: those who are erased, and everybody else."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import Any

from dsar.scope import KIND
from dsar.services.erasure_sql import rows_of
from register.database.arrays import array
from register.database.visibility import choosing_rows
from register.datamap.declarations import Subject
from register.datamap.graph import Entry


def with_others(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> set[Any]:
    """Return the keys of rows that reach anybody else; the caller is choosing rows."""
    found: set[Any] = set()
    for subject in entry.subjects(KIND):
        found |= _reaching_others(entry, subject, keys, subject_ids)
    return found


@choosing_rows()
def others_in(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> dict[Any, set[uuid.UUID]]:
    """Return, for each row, the other contacts it reaches in any role."""
    return _reached(entry, keys, subject_ids, "NOT IN")


@choosing_rows()
def people_in(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> dict[Any, set[uuid.UUID]]:
    """Return, for each row, those of these contacts whom it reaches in any role."""
    return _reached(entry, keys, subject_ids, "IN")


def _reached(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID], which: str
) -> dict[Any, set[uuid.UUID]]:
    found: dict[Any, set[uuid.UUID]] = defaultdict(set)
    if not keys:
        return found
    for subject in entry.subjects(KIND):
        path = entry.sql_path(subject)
        joins = " ".join(path.joins)
        for key, other in rows_of(
            f'SELECT t0."{path.primary_key}", {path.column} FROM "{path.table}" t0 {joins}'  # noqa: S608 - identifiers come from model metadata, here and below
            f' WHERE t0."{path.primary_key}" = ANY(%s) AND {path.column} IS NOT NULL'
            f" AND {path.column} {which} (SELECT unnest(%s::uuid[])) AND {path.when}",
            [array(keys), array(subject_ids)],
        ):
            found[key].add(other)
    return found


def _reaching_others(
    entry: Entry,
    subject: Subject,
    keys: Collection[Any],
    subject_ids: Collection[uuid.UUID],
) -> set[Any]:
    if not keys:
        return set()
    path = entry.sql_path(subject)
    sql = path.select_rows(
        f't0."{path.primary_key}" = ANY(%s) AND {{column}} IS NOT NULL AND {{column}} NOT IN (SELECT unnest(%s::uuid[]))'
    )
    distinct = sql.replace("SELECT ", "SELECT DISTINCT ", 1)
    return {row[0] for row in rows_of(distinct, [array(keys), array(subject_ids)])}
