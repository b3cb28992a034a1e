"""Which rows an erasure deletes, rewrites and keeps: read from the data map alone.

A row may reach the person in several roles; the strictest decides, deletion first
(GDPR Art. 17). What belongs to a deleted row goes with it, whoever it reaches.
"""

from __future__ import annotations

import dataclasses
import functools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

from dsar.scope import (
    KIND,
    Scope,
    for_people,
    rows_in_roles,
)
from dsar.services.erasure_parts import add_parts
from dsar.services.erasure_people import with_others
from dsar.services.erasure_sql import (
    Keys,
    is_due_in,
    keys_and_due,
    keys_of,
    rows_of,
    with_columns,
)
from register.database.visibility import choosing_rows
from register.datamap.declarations import Personal, Subject
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.vocabulary import Erasure

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
                shared = with_others(entry, keys, scope.subject_ids)
                rewrite[entry.label] |= shared
                delete[entry.label] |= keys - shared
            case Erasure.SCRUB:
                rewrite[entry.label] |= keys
            case _:
                keep[entry.label] |= keys
    add_parts(delete, due, locks=locks)
    for label in list(rewrite):
        rewrite[label] -= delete.get(label, set())
    for label in list(keep):
        keep[label] -= delete.get(label, set()) | rewrite.get(label, set())
    return Selection(*map(_filled, (delete, rewrite, keep, due)))


def file_count(entry: Entry, keys: Collection[Any]) -> int:
    """Return how many stored files the rows have."""
    total = 0
    meta = entry.model._meta
    for name in entry.file_fields:
        column = meta.get_field(name).column  # type: ignore[union-attr]
        total += rows_of(
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
    for place, keys, late in rows_of(sql, params):
        if keys is not None:
            entry, subject = roles[place]
            yield entry, subject, keys_of(entry, keys), keys_of(entry, late)


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
            is_due = "false" if only_changing and is_kept else is_due_in(entry, rows)
            columns = keys_and_due(
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


def _without(keys: Keys, gone: Keys) -> Keys:
    return {label: found - gone.get(label, set()) for label, found in keys.items()}


def _filled(keys: Keys) -> Keys:
    return {label: found for label, found in sorted(keys.items()) if found}
