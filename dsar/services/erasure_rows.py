"""Which rows an erasure deletes, rewrites and keeps: read from the data map alone.

A row may reach the person in several roles; the strictest decides, deletion first
(GDPR Art. 17). What belongs to a deleted row goes with it, whoever it reaches.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection, models

from dsar.scope import KIND, Scope, exists_now, rows_in_roles
from register.datamap.declarations import Subject
from register.datamap.graph import Entry, graph
from register.datamap.removal import parts_of
from register.datamap.vocabulary import Erasure

Keys = dict[str, set[Any]]


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Keys of rows by table label; a row is in one of the three."""

    delete: Keys
    rewrite: Keys
    keep: Keys

    def all_of(self, label: str) -> set[Any]:
        """Return the keys of every row of a table that is about the person."""
        return (
            self.delete.get(label, set())
            | self.rewrite.get(label, set())
            | self.keep.get(label, set())
        )

    def staying(self) -> list[tuple[Entry, set[Any]]]:
        """Return the rows that remain, table by table."""
        found = []
        for entry in entries():
            keys = self.rewrite.get(entry.label, set()) | self.keep.get(
                entry.label, set()
            )
            if keys:
                found.append((entry, keys))
        return found


def entries() -> list[Entry]:
    """Return the tables in which a contact's data may be, in the order of the map."""
    return [entry for entry in graph().personal() if entry.subjects(KIND)]


def select(scope: Scope, *, also_due: bool = False) -> Selection:
    """Return what becomes of every row about the persons in ``scope``.

    Rows past their due instant are left to the sweep unless ``also_due``: no screen
    shows them, so a plan that counted them would differ from what its reader sees.
    """
    delete: Keys = defaultdict(set)
    rewrite: Keys = defaultdict(set)
    keep: Keys = defaultdict(set)
    for entry in entries():
        for rows in rows_in_roles(entry, scope):
            keys = _keys(entry, rows.sql, also_due=also_due)
            match rows.subject.erasure:
                case Erasure.DELETE_ROW:
                    delete[entry.label] |= keys
                case Erasure.DELETE_WHEN_LAST:
                    shared = with_others(entry, keys, scope.subject_ids)
                    rewrite[entry.label] |= shared
                    delete[entry.label] |= keys - shared
                case Erasure.SCRUB:
                    rewrite[entry.label] |= keys
                case _:
                    keep[entry.label] |= keys
    _add_parts(delete, also_due=also_due)
    for label in list(rewrite):
        rewrite[label] -= delete.get(label, set())
    for label in list(keep):
        keep[label] -= delete.get(label, set()) | rewrite.get(label, set())
    return Selection(_filled(delete), _filled(rewrite), _filled(keep))


def with_others(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> set[Any]:
    """Return the keys of those rows that reach anybody else by the same paths."""
    found: set[Any] = set()
    for subject in entry.subjects(KIND):
        found |= _reaching_others(entry, subject, keys, subject_ids)
    return found


def others_in(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> dict[Any, set[uuid.UUID]]:
    """Return, for each row, the other contacts it reaches in any role."""
    found: dict[Any, set[uuid.UUID]] = defaultdict(set)
    if not keys:
        return found
    for subject in entry.subjects(KIND):
        path = entry.sql_path(subject)
        joins = " ".join(path.joins)
        for key, other in _rows(
            f'SELECT t0."{path.primary_key}", {path.column} FROM "{path.table}" t0 {joins}'  # noqa: S608 - identifiers come from model metadata, here and below
            f' WHERE t0."{path.primary_key}" = ANY(%s) AND {path.column} IS NOT NULL'
            f" AND {path.column} <> ALL(%s)",
            [list(keys), list(subject_ids)],
        ):
            found[key].add(other)
    return found


def in_order_of_deletion(labels: Iterable[str]) -> list[str]:
    """Return tables so that what refers to a row goes before the row itself."""
    waiting = sorted(labels)
    ordered: list[str] = []
    while waiting:
        free = [
            label
            for label in waiting
            if not any(
                label in _referred(graph()[other].model)
                for other in waiting
                if other != label
            )
        ]
        # Tables that refer to each other in a circle cannot protect each other.
        ordered += free or waiting
        waiting = [label for label in waiting if label not in ordered]
    return ordered


def file_count(entry: Entry, keys: Collection[Any]) -> int:
    """Return how many stored files the rows have."""
    total = 0
    meta = entry.model._meta
    for name in entry.file_fields:
        column = meta.get_field(name).column  # type: ignore[union-attr]
        total += _rows(
            f'SELECT count(*) FROM "{meta.db_table}"'  # noqa: S608
            f' WHERE "{meta.pk.column}" = ANY(%s) AND "{column}" <> \'\'',
            [list(keys)],
        )[0][0]
    return total


def _keys(entry: Entry, sql: str, *, also_due: bool) -> set[Any]:
    meta = entry.model._meta
    condition = "true" if also_due else exists_now(entry, "t")
    return {
        row[0]
        for row in _rows(
            f'SELECT t."{meta.pk.column}" FROM "{meta.db_table}" t'  # noqa: S608
            f' WHERE t."{meta.pk.column}" IN ({sql}) AND {condition}'
        )
    }


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
        f't0."{path.primary_key}" = ANY(%s) AND {{column}} IS NOT NULL AND {{column}} <> ALL(%s)'
    )
    distinct = sql.replace("SELECT ", "SELECT DISTINCT ", 1)
    return {row[0] for row in _rows(distinct, [list(keys), list(subject_ids)])}


def _add_parts(delete: Keys, *, also_due: bool) -> None:
    """Add what goes with the rows by cascading foreign keys, however deep."""
    waiting = [(label, set(keys)) for label, keys in delete.items() if keys]
    while waiting:
        label, keys = waiting.pop()
        for part, column in parts_of(graph()[label].model):
            entry = graph().of(part)
            meta = part._meta
            condition = "true" if also_due else exists_now(entry, "t")
            found = {
                row[0]
                for row in _rows(
                    f'SELECT t."{meta.pk.column}" FROM "{meta.db_table}" t'  # noqa: S608
                    f' WHERE t."{column}" = ANY(%s) AND {condition}',
                    [list(keys)],
                )
            }
            new = found - delete[meta.label]
            if new:
                delete[meta.label] |= new
                waiting.append((meta.label, new))


def _referred(model: type[models.Model]) -> set[str]:
    """Return the labels of the tables that ``model`` has foreign keys to."""
    return {
        field.remote_field.model._meta.label
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.remote_field.model is not model
    }


def _filled(keys: Keys) -> Keys:
    return {label: found for label, found in sorted(keys.items()) if found}


def _rows(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
