"""Which rows an erasure deletes, rewrites and keeps: read from the data map alone.

A row may reach the person in several roles; the strictest decides, deletion first
(GDPR Art. 17). What belongs to a deleted row goes with it, whoever it reaches.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from django.db import connection, models

from dsar.scope import (
    KIND,
    RowsInRole,
    Scope,
    exists_now,
    for_people,
    rows_in_roles,
)
from register.database.arrays import array
from register.database.visibility import choosing_rows
from register.datamap.declarations import Personal, Subject, WithParent
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.removal import parts_of
from register.datamap.vocabulary import Erasure

Keys = dict[str, set[Any]]
# A table, a role, the keys of its rows, and of those that are due.
InRole = tuple[Entry, Subject, set[Any], set[Any]]


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


@kept_with_map
def entries() -> list[Entry]:
    """Return the tables in which a contact's data may be, in the order of the map."""
    return [entry for entry in graph().personal() if entry.subjects(KIND)]


@choosing_rows()
def select(scope: Scope, *, also_due: bool = False) -> Selection:
    """Return what becomes of every row about the persons in ``scope``.

    Rows past their due instant are left to the sweep unless ``also_due``: no screen
    shows them, so a plan that counted them would differ from what its reader sees.
    """
    found = _selected(_in_roles(scope, _ALL), scope, locks=False)
    return found if also_due else found.existing()


@choosing_rows()
def select_to_erase(scope: Scope) -> Selection:
    """Return the same, rows past their due instant included, of what is to be changed.

    Of kept rows only those with fields to be emptied. The rows to be deleted that can
    have parts are locked before their parts are looked for: none is added afterwards.
    """
    return _selected(_in_roles(scope, _CHANGING), scope, locks=True)


def _selected(found: Iterable[InRole], scope: Scope, *, locks: bool) -> Selection:
    delete: Keys = defaultdict(set)
    rewrite: Keys = defaultdict(set)
    keep: Keys = defaultdict(set)
    due: Keys = defaultdict(set)
    for entry, subject, keys, late in found:
        if late:
            due[entry.label] |= late
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
    _add_parts(delete, due, locks=locks)
    for label in list(rewrite):
        rewrite[label] -= delete.get(label, set())
    for label in list(keep):
        keep[label] -= delete.get(label, set()) | rewrite.get(label, set())
    return Selection(*map(_filled, (delete, rewrite, keep, due)))


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
        for key, other in _rows(
            f'SELECT t0."{path.primary_key}", {path.column} FROM "{path.table}" t0 {joins}'  # noqa: S608 - identifiers come from model metadata, here and below
            f' WHERE t0."{path.primary_key}" = ANY(%s) AND {path.column} IS NOT NULL'
            f" AND {path.column} {which} (SELECT unnest(%s::uuid[])) AND {path.when}",
            [array(keys), array(subject_ids)],
        ):
            found[key].add(other)
    return found


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


def _in_roles(scope: Scope, which: str) -> Iterator[InRole]:
    """Yield the rows in which the persons have a role, of all tables, with one query.

    Each comes with the keys of those rows that are due. Records without a contact are
    asked for by themselves: in one query with ten thousand people they cost half a minute.
    """
    if scope.is_empty:
        return
    if scope.subject_ids and scope.records:
        yield from _in_roles(Scope(scope.subject_ids), which)
        yield from _in_roles(Scope((), scope.records), which)
        return
    sql, params = for_people(f"erasure_rows_{which}", _SQL[which], scope)
    roles = _roles()
    for place, keys, late in _rows(sql, params):
        if keys is not None:
            entry, subject = roles[place]
            yield entry, subject, _keys(entry, keys), _keys(entry, late)


@kept_with_map
def _roles() -> list[tuple[Entry, Subject]]:
    return [(entry, subject) for entry in entries() for subject in entry.subjects(KIND)]


def _roles_sql(scope: Scope, *, only_changing: bool = False) -> str:
    places = {(entry.label, role): n for n, (entry, role) in enumerate(_roles())}
    parts = []
    for entry in entries():
        for rows in rows_in_roles(entry, scope):
            is_kept = rows.subject.erasure is Erasure.KEEP
            if only_changing and is_kept and not emptied_fields(entry.label):
                continue  # the ledgers, which may be long
            # What is kept is emptied whether it is due or not.
            is_due = "false" if only_changing and is_kept else _is_due(entry, rows)
            columns = _keys_and_due(
                places[entry.label, rows.subject],
                entry,
                is_due,
                once=not rows.is_unique,
            )
            parts.append(with_columns(entry, rows.sql, columns))
    return " UNION ALL ".join(parts)


# Which rows: all that are about the persons, or those that an erasure changes.
_ALL, _CHANGING = "all", "changing"
_SQL: dict[str, Callable[[Scope], str]] = {
    _ALL: _roles_sql,
    _CHANGING: functools.partial(_roles_sql, only_changing=True),
}


@kept_with_map
def emptied_fields(label: str) -> list[tuple[str, Personal]]:
    """Return the fields of a table that an erasure empties in rows that stay."""
    return [
        (name, personal)
        for name, personal in graph()[label].map.personal_fields()
        if personal.erasure in (Erasure.BLANK, Erasure.CONSTANT)
    ]


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


def _is_due(entry: Entry, rows: RowsInRole) -> str:
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
    return _is_due_itself(entry)


def _is_due_itself(entry: Entry) -> str:
    return f"NOT ({exists_now(entry, 't0')})"


# Of tables whose rows end with nothing.
_NEVER = ("false", "NOT (true)")


def _keys_and_due(place: int, entry: Entry, is_due: str, *, once: bool = False) -> str:
    """Return the columns for a place, the keys of all rows, and of those that are due."""
    key = f't0."{entry.model._meta.pk.column}"'
    keys = f"json_agg({'DISTINCT ' if once else ''}{key})"
    late = f"({keys} FILTER (WHERE {is_due}))"
    if is_due in _NEVER:
        late = "NULL"
    return f"{place}, {keys}::text, {late}::text"


def _keys(entry: Entry, keys: str | None) -> set[Any]:
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
    return {row[0] for row in _rows(distinct, [array(keys), array(subject_ids)])}


def _add_parts(delete: Keys, due: Keys, *, locks: bool) -> None:
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
            f'SELECT {_keys_and_due(place, entry, _due_with(label, entry, column) or _is_due_itself(entry))} FROM "{entry.model._meta.db_table}" t0'  # noqa: S608
            f' WHERE t0."{column}" = ANY(%s)'
            for place, (entry, column, label) in enumerate(relations)
        )
        params: list[Any] = []
        for entry, column, label in relations:
            if _due_with(label, entry, column):
                params.append(array(due.get(label, ())))
            params.append(array(new[label]))
        found, new = _rows(sql, params), {}
        for place, keys, late in found:
            entry = relations[place][0]
            if late:
                due[entry.label] |= _keys(entry, late)
            if more := _keys(entry, keys) - delete[entry.label]:
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
    _rows(f"WITH {ctes} SELECT {counts}", [array(keys) for _meta, keys in locked])


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


def _without(keys: Keys, gone: Keys) -> Keys:
    return {label: found - gone.get(label, set()) for label, found in keys.items()}


def _filled(keys: Keys) -> Keys:
    return {label: found for label, found in sorted(keys.items()) if found}


def _rows(sql: str, params: list[Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
