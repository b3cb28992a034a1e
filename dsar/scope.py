"""Whose records a request is about, and where in each table they are.

Everything is derived from the data map: this module knows tables only by their
declarations. Collection, packages and erasure ask here, so that what a person gets
and what is erased for them are the same rows.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.db import connection, models
from psycopg.sql import quote

from dsar.models import Request
from register.database.arrays import array
from register.database.due_tables import due_tables, held_function
from register.database.prepared import prepared
from register.database.visibility import choosing_rows
from register.datamap.declarations import SELF, Ends, Subject, WithParent
from register.datamap.earlier_keys import with_earlier_keys
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.paths import compile_path
from register.datamap.vocabulary import Category

KIND = "contact"


@dataclasses.dataclass(frozen=True, slots=True)
class Scope:
    """The contacts of a request, and the records that lead to no contact.

    ``records`` holds keys by table label. Keys are as the tables have them.
    """

    subject_ids: tuple[uuid.UUID, ...] = ()
    records: Mapping[str, tuple[Any, ...]] = dataclasses.field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether nobody and nothing was found."""
        return not self.subject_ids and not self.records


_CONFIRMED = """
    SELECT ARRAY(SELECT subject_id FROM dsar_requestperson WHERE request_id = %s ORDER BY id),
        EXISTS (SELECT 1 FROM dsar_requestrecord WHERE request_id = %s)
"""

# Stand-ins of a template: one person, one request.
_SOMEBODY = uuid.UUID(int=1)
_SOME_REQUEST = uuid.UUID(int=2)
_FEW = 20


@dataclasses.dataclass(frozen=True, slots=True)
class RowsInRole:
    """The rows of one table in which the persons have one role, as an SQL query."""

    subject: Subject
    sql: str
    # Whether no row can come twice.
    is_unique: bool


def scope_of(request: Request) -> Scope:
    """Return whom and what was confirmed for ``request``."""
    with connection.cursor() as cursor:
        cursor.execute(_CONFIRMED, [request.pk, request.pk])
        found, has_records = cursor.fetchone()
    people = with_earlier_keys(found)
    records = records_of(request) if has_records else {}
    if records and not people:
        # The request itself is about them, though it has no contact to be found by.
        own = request._meta.label
        records[own] = (*records.get(own, ()), request.pk)
    return Scope(people, records)


def records_of(request: Request) -> dict[str, tuple[Any, ...]]:
    """Return the records without a contact that were confirmed, by table."""
    records: dict[str, tuple[Any, ...]] = {}
    for record in request.records.all():
        entry = graph().entries.get(record.table)
        if entry is not None:
            key = entry.model._meta.pk.to_python(record.row_key)
            records[record.table] = (*records.get(record.table, ()), key)
    return records


def rows_in_roles(
    entry: Entry, scope: Scope, *, existing: bool = False
) -> list[RowsInRole]:
    """Return, for each role of a person in ``entry``, the query for the keys of its rows.

    The queries hold no parameters. A row may be in several of them. With ``existing``
    rows are left out that are past their due instant and not held.
    """
    found = []
    exists = f" AND {exists_now(entry, 't0')}" if existing else ""
    for subject in entry.subjects(KIND):
        parts = []
        if scope.subject_ids:
            condition = f"{{column}} = ANY({_array(scope.subject_ids)})"
            parts.append(entry.sql_path(subject).select_rows(condition) + exists)
        for prefix, label in _ways_through_records(entry.label, subject):
            if keys := scope.records.get(label):
                path = compile_path(
                    entry.model, dataclasses.replace(subject, path=prefix, by_id="")
                )[0]
                condition = f"{{column}} = ANY({_array(keys)})"
                parts.append(path.select_rows(condition) + exists)
        if parts:
            is_unique = len(parts) == 1 and _is_to_one(entry.model, subject.path)
            found.append(RowsInRole(subject, " UNION ".join(parts), is_unique))
    return found


def keys_sql(entry: Entry, scope: Scope) -> str:
    """Return a query for the keys of all rows about the persons, in whatever role."""
    parts = [rows.sql for rows in rows_in_roles(entry, scope)]
    return " UNION ".join(parts) or nothing(entry)


def entries() -> list[Entry]:
    """Return the tables in which a contact's data may be, the person's own first."""
    found = [entry for entry in graph().personal() if entry.subjects(KIND)]
    order = list(Category)
    return sorted(
        found,
        key=lambda entry: (
            order.index(entry.map.category),
            not entry.map.root,
            entry.label,
        ),
    )


@choosing_rows()
def row_counts(request: Request, scope: Scope) -> dict[str, int]:
    """Return how many rows of each table are about the persons and exist now."""
    counts = {entry.label: 0 for entry in entries()}
    if sql := from_template("row_counts", _counts_sql, request, scope):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            counts |= dict(cursor.fetchall())
    return counts


def from_template(
    name: str,
    make: Callable[[uuid.UUID, Scope], str],
    request: Request,
    scope: Scope,
) -> str:
    """Return the SQL that ``make`` makes of the request's number and its scope.

    Making it takes longer than running it for a person with few rows. So it is made
    once for stand-ins, kept under ``name``, and the request's own are put in. A scope
    with records of its own shape gets SQL of its own.
    """
    if scope.records or not scope.subject_ids:
        return make(request.pk, scope)
    templates = _templates()
    if name not in templates:
        templates[name] = make(_SOME_REQUEST, Scope((_SOMEBODY,)))
    people = ", ".join(quote(str(each)) for each in scope.subject_ids)
    return (
        templates[name]
        .replace(quote(str(_SOMEBODY)), people)
        .replace(quote(str(_SOME_REQUEST)), quote(str(request.pk)))
    )


@kept_with_map
def _templates() -> dict[str, str]:
    return {}


def for_people(
    name: str, make: Callable[[Scope], str], scope: Scope
) -> tuple[str, list[Any]]:
    """Return the SQL that ``make`` makes of a scope, and its parameters.

    It is made once and kept under ``name``. For one person the database keeps it, too:
    planning takes longer than looking. A few people stand in the text, which is planned
    faster; many come in as one parameter, so that ten thousand cost no more text than
    one. A scope with records gets its own.
    """
    if scope.records or not scope.subject_ids:
        return make(scope).replace("%", "%%"), []
    if len(scope.subject_ids) == 1:
        statement = prepared(_template_of_one(name, make), "uuid")
        return f"EXECUTE {statement}(%s)", [scope.subject_ids[0]]
    templates = _templates()
    if name not in templates:
        templates[name] = make(Scope((_SOMEBODY,))).replace("%", "%%")
    somebody = _array((_SOMEBODY,))
    if len(scope.subject_ids) <= _FEW:
        return templates[name].replace(somebody, _array(scope.subject_ids)), []
    return (
        "WITH people AS MATERIALIZED (SELECT unnest(%s::uuid[]) AS id) "
        + templates[name].replace(somebody, "ARRAY(SELECT id FROM people)"),
        [array(scope.subject_ids)],
    )


def _template_of_one(name: str, make: Callable[[Scope], str]) -> str:
    templates = _templates()
    alone = f"{name} of one"
    if alone not in templates:
        somebody = (_SOMEBODY,)
        templates[alone] = make(Scope(somebody)).replace(_array(somebody), "ARRAY[$1]")
    return templates[alone]


def _counts_sql(_: uuid.UUID, scope: Scope) -> str:
    parts = []
    for entry in entries():
        if rows := rows_in_roles(entry, scope, existing=True):
            key = entry.model._meta.pk.column
            keys = " UNION ".join(each.sql for each in rows)
            parts.append(
                f'SELECT {quote(entry.label)}, count(DISTINCT "{key}") FROM ({keys}) k'
            )
    return " UNION ALL ".join(parts)


def nothing(entry: Entry) -> str:
    """Return a query for the keys of no rows."""
    meta = entry.model._meta
    return f'SELECT t0."{meta.pk.column}" FROM "{meta.db_table}" t0 WHERE false'


def exists_now(entry: Entry, alias: str) -> str:
    """Return SQL that is false for rows past their due instant that nothing holds.

    Such rows only wait for the sweep: no screen shows them and no package holds them.
    """
    retention = entry.map.retention
    meta = entry.model._meta
    if isinstance(retention, Ends):
        return f'({alias}."ends_at" > seloste_now() OR {held_function(entry)}({alias}."{meta.pk.column}"))'
    if isinstance(retention, WithParent) and entry.label in _due_labels():
        field = meta.get_field(retention.parent)
        parent = graph().of(field.remote_field.model)  # type: ignore[union-attr]
        parent_meta = parent.model._meta
        inner = f"{alias}p"
        return (
            f'EXISTS (SELECT 1 FROM "{parent_meta.db_table}" {inner}'
            f' WHERE {inner}."{parent_meta.pk.column}" = {alias}."{field.column}"'  # type: ignore[union-attr]
            f" AND {exists_now(parent, inner)})"
        )
    return "true"


@kept_with_map
def _ways_through_records(label: str, subject: Subject) -> list[tuple[str, str]]:
    """Return ``(look-up path, table)`` of the records that ``subject`` leads through.

    The recording of a call leads to a person through the call. If the call has no
    contact but was found to be the person's, so is its recording.
    """
    return list(_ways(graph()[label], subject))


def _ways(entry: Entry, subject: Subject) -> Iterator[tuple[str, str]]:
    if subject.path == SELF:
        return
    steps = subject.path.split("__") if subject.path else []
    for length in range(len(steps) + 1):
        prefix = "__".join(steps[:length])
        rest = "__".join(steps[length:])
        if not rest and not subject.by_id:
            return
        target: type[models.Model] | None = entry.model
        if prefix:
            target = compile_path(entry.model, Subject("", path=prefix))[1]
        there = graph().entries.get(target._meta.label) if target else None
        if there is not None and any(
            (own.path, own.by_id) == (rest, subject.by_id)
            for own in there.subjects(subject.kind)
        ):
            yield prefix or SELF, there.label


def _is_to_one(model: type[models.Model], path: str) -> bool:
    """Whether a row leads to one person at most."""
    if path in ("", SELF):
        return True
    step, _, rest = path.partition("__")
    field = model._meta.get_field(step)
    target = field.related_model
    return (
        bool(field.concrete) and isinstance(target, type) and _is_to_one(target, rest)
    )


@kept_with_map
def _due_labels() -> frozenset[str]:
    return frozenset(entry.label for entry in due_tables(graph()))


def _array(keys: tuple[Any, ...]) -> str:
    """Return keys as an SQL array; the braces of a look-up template stay whole."""
    kind = {uuid.UUID: "uuid", int: "bigint"}.get(type(keys[0]), "text")
    listed = ", ".join(quote(str(key)) for key in keys)
    return f"ARRAY[{listed}]::{kind}[]".replace("{", "{{").replace("}", "}}")
