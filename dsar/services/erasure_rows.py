"""Which rows an erasure deletes, rewrites and keeps: read from the data map alone.

A row may reach the person in several roles; the strictest decides, deletion first
(GDPR Art. 17). What belongs to a deleted row goes with it, whoever it reaches.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db import connection, models

from dsar.scope import KIND, Scope, exists_now, for_people, rows_in_roles
from register.database.visibility import choosing_rows
from register.datamap.declarations import Subject
from register.datamap.graph import Entry, graph
from register.datamap.removal import parts_of
from register.datamap.vocabulary import Erasure

Keys = dict[str, set[Any]]


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Keys of rows by table label; a row is in one of the first three.

    Those of ``due`` are past their due instant and only wait for the sweep.
    """

    delete: Keys
    rewrite: Keys
    keep: Keys
    due: Keys = dataclasses.field(default_factory=dict)

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

    def existing(self) -> Selection:
        """Return the rows that exist for a reader: without those that are due."""
        if not self.due:
            return self
        kinds = (self.delete, self.rewrite, self.keep)
        return Selection(*(_filled(_without(keys, self.due)) for keys in kinds))


def entries() -> list[Entry]:
    """Return the tables in which a contact's data may be, in the order of the map."""
    return [entry for entry in graph().personal() if entry.subjects(KIND)]


@choosing_rows()
def select(scope: Scope, *, also_due: bool = False) -> Selection:
    """Return what becomes of every row about the persons in ``scope``.

    Rows past their due instant are left to the sweep unless ``also_due``: no screen
    shows them, so a plan that counted them would differ from what its reader sees.
    """
    delete: Keys = defaultdict(set)
    rewrite: Keys = defaultdict(set)
    keep: Keys = defaultdict(set)
    due: Keys = defaultdict(set)
    for entry, subject, keys in _in_roles(scope, due):
        match subject.erasure:
            case Erasure.DELETE_ROW:
                delete[entry.label] |= keys
            case Erasure.DELETE_WHEN_LAST:
                shared = _with_others(entry, keys, scope.subject_ids)
                rewrite[entry.label] |= shared
                delete[entry.label] |= keys - shared
            case Erasure.SCRUB:
                rewrite[entry.label] |= keys
            case _:
                keep[entry.label] |= keys
    _add_parts(delete, due)
    for label in list(rewrite):
        rewrite[label] -= delete.get(label, set())
    for label in list(keep):
        keep[label] -= delete.get(label, set()) | rewrite.get(label, set())
    found = Selection(*map(_filled, (delete, rewrite, keep, due)))
    return found if also_due else found.existing()


@choosing_rows()
def with_others(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> set[Any]:
    """Return the keys of those rows that reach anybody else by the same paths."""
    return _with_others(entry, keys, subject_ids)


def _with_others(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> set[Any]:
    found: set[Any] = set()
    for subject in entry.subjects(KIND):
        found |= _reaching_others(entry, subject, keys, subject_ids)
    return found


@choosing_rows()
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
            f" AND {path.column} NOT IN (SELECT unnest(%s::uuid[])) AND {path.when}",
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


def _in_roles(scope: Scope, due: Keys) -> Iterator[tuple[Entry, Subject, set[Any]]]:
    """Yield the rows in which the persons have a role, of all tables, with one query."""
    if scope.is_empty:
        return
    sql, params = for_people("erasure_rows", _roles_sql, scope)
    found = _by_place(_rows(sql, params))
    for place, (entry, subject) in enumerate(_roles()):
        if rows := found.get(place):
            yield entry, subject, _taken(entry, rows, due)


def _roles() -> list[tuple[Entry, Subject]]:
    return [(entry, subject) for entry in entries() for subject in entry.subjects(KIND)]


def _roles_sql(scope: Scope) -> str:
    places = {(entry.label, role): n for n, (entry, role) in enumerate(_roles())}
    return " UNION ALL ".join(
        with_columns(
            entry,
            rows.sql,
            f"{places[entry.label, rows.subject]}, {_key_and_due(entry)}",
        )
        for entry in entries()
        for rows in rows_in_roles(entry, scope)
    )


def with_columns(entry: Entry, keys: str, columns: str) -> str:
    """Return the query for the keys of rows with other columns of them, of table ``t0``."""
    meta = entry.model._meta
    head = f'SELECT t0."{meta.pk.column}" FROM '  # noqa: S608 - identifiers come from model metadata, here and below
    if keys.startswith(head) and " UNION " not in keys:
        return f"SELECT {columns} FROM {keys.removeprefix(head)}"  # noqa: S608
    return f'SELECT {columns} FROM "{meta.db_table}" t0 WHERE t0."{meta.pk.column}" IN ({keys})'  # noqa: S608


def _key_and_due(entry: Entry) -> str:
    """Return the columns for a row's key and whether it is due."""
    return f't0."{entry.model._meta.pk.column}"::text, NOT ({exists_now(entry, "t0")})'


def _taken(entry: Entry, rows: list[tuple[str, bool]], due: Keys) -> set[Any]:
    """Return the keys as the table has them, and note which rows are due."""
    to_python = entry.model._meta.pk.to_python
    keys = {to_python(key) for key, _is_due in rows}
    if late := {to_python(key) for key, is_due in rows if is_due}:
        due[entry.label] |= late
    return keys


def _by_place(rows: list[tuple[Any, ...]]) -> dict[int, list[tuple[str, bool]]]:
    found: dict[int, list[tuple[str, bool]]] = defaultdict(list)
    for place, key, is_due in rows:
        found[place].append((key, is_due))
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
    return {row[0] for row in _rows(distinct, [list(keys), list(subject_ids)])}


def _add_parts(delete: Keys, due: Keys) -> None:
    """Add what goes with the rows by cascading foreign keys, however deep."""
    new = {label: set(keys) for label, keys in delete.items() if keys}
    while new:
        relations = [
            (graph().of(part), column, list(keys))
            for label, keys in new.items()
            for part, column in _unasked_parts(graph()[label])
        ]
        sql = " UNION ALL ".join(
            f'SELECT {place}, {_key_and_due(entry)} FROM "{entry.model._meta.db_table}" t0'  # noqa: S608
            f' WHERE t0."{column}" = ANY(%s)'
            for place, (entry, column, _keys) in enumerate(relations)
        )
        if not relations:
            return
        found = _by_place(_rows(sql, [keys for _entry, _column, keys in relations]))
        new = {}
        for place, (entry, _column, _keys) in enumerate(relations):
            keys = _taken(entry, found.get(place, []), due) - delete[entry.label]
            if keys:
                delete[entry.label] |= keys
                new.setdefault(entry.label, set()).update(keys)


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


def _referred(model: type[models.Model]) -> set[str]:
    """Return the labels of the tables that ``model`` has foreign keys to."""
    return {
        field.remote_field.model._meta.label
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.remote_field.model is not model
    }


def _without(keys: Keys, gone: Keys) -> Keys:
    return {label: found - gone.get(label, set()) for label, found in keys.items()}


def _filled(keys: Keys) -> Keys:
    return {label: found for label, found in sorted(keys.items()) if found}


def _rows(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
