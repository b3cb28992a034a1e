"""Row security of protected persons: where they are does not exist for the web.

A role in the data map may say that its rows tell where the person is
(``Subject.tells_whereabouts``). While the person's address is protected, such a row is
invisible to the application role, on whatever screen, list, count, search, autocomplete
or interface, also on those that nobody has written yet. The owner of the tables
(workers) is not bound: a package for the person holds the address, an import sees whom
it must not add one to.

A session sees the rows of persons it names (:func:`register.database.visibility.with_whereabouts`).
The keys that are hidden are few and are looked up once a query. Tables searched by the
beginnings of words stay out of it: row security would keep LIKE from its index, and their
rows lead nowhere without the row they are part of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection

from register.datamap.graph import Entry

SEES = "seloste.sees_whereabouts"
EVERYBODY = "everybody"
POLICY = "seloste_whereabouts"

_IN_FORCE = (
    "SELECT p.subject_id FROM register_addressprotection p WHERE p.lifted_at IS NULL"
    " AND (p.valid_until IS NULL OR p.valid_until >= (seloste_now() AT TIME ZONE 'Europe/Helsinki')::date)"
    f" AND coalesce(current_setting('{SEES}', true), '') <> '{EVERYBODY}'"
    f" AND p.subject_id::text <> ALL (string_to_array(coalesce(current_setting('{SEES}', true), ''), ','))"
)


def tables(entries: Iterable[Entry]) -> list[Entry]:
    """Return the tables whose rows tell where somebody is."""
    return [
        entry
        for entry in entries
        if any(subject.tells_whereabouts for subject in entry.map.subjects)
    ]


def statements(entries: Iterable[Entry], *, due: set[str]) -> Iterator[str]:
    """Yield the SQL of the rule, safe to run again; ``due`` are labels with a policy already."""
    for entry in tables(entries):
        meta = entry.model._meta
        table, key = meta.db_table, meta.pk.column
        function = f"seloste_protected_{table}"
        key_type = meta.pk.db_type(connection) or "bigint"
        key_type = {"bigserial": "bigint", "serial": "integer"}.get(key_type, key_type)
        hidden = " UNION ".join(
            entry.sql_path(subject).select_rows(f"{{column}} IN ({_IN_FORCE})")
            for subject in entry.map.subjects
            if subject.tells_whereabouts
        )
        # SECURITY DEFINER: the way to the person may lead through hidden rows itself.
        yield (
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS SETOF {key_type}"
            " LANGUAGE sql STABLE SECURITY DEFINER ROWS 10 SET search_path = public, pg_temp"
            f" AS $$ {hidden} $$"
        )
        yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
        yield f'DROP POLICY IF EXISTS {POLICY} ON "{table}"'
        kind = " AS RESTRICTIVE" if entry.label in due else ""
        yield (
            f'CREATE POLICY {POLICY} ON "{table}"{kind}'
            f' USING ("{key}" NOT IN (SELECT {function}())) WITH CHECK (true)'
        )
