"""Differences between the live database and what the data map says it must be."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db import connection

from register.database.rules import due_tables, ends_at_triggers
from register.datamap.graph import all_models, graph

# Tables of the framework that hold nothing but its own bookkeeping.
BOOKKEEPING = {"django_migrations"}


def differences() -> list[str]:
    """Return every difference as a sentence; an empty list when there is none."""
    return [*_tables(), *_triggers(), *_row_security(), *_grants()]


def _tables() -> Iterator[str]:
    declared = {
        model._meta.db_table: {field.column for field in model._meta.concrete_fields}
        for model in all_models()
    }
    live: dict[str, set[str]] = {}
    for table, column in _rows(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c"
        " JOIN information_schema.tables t USING (table_schema, table_name)"
        " WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE'"
    ):
        live.setdefault(table, set()).add(column)
    for table in sorted(set(live) - set(declared) - BOOKKEEPING):
        yield f"table {table} is in the database but in no model"
    for table in sorted(set(declared) - set(live)):
        yield f"table {table} is missing"
    for table in sorted(set(declared) & set(live)):
        for column in sorted(live[table] - declared[table]):
            yield f"column {table}.{column} is in the database but in no model"


def _triggers() -> Iterator[str]:
    enabled = {
        (table, name)
        for table, name in _rows(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')"
        )
    }
    wanted = [(t.table, "seloste_ends_at") for t in ends_at_triggers(graph())] + [
        (entry.model._meta.db_table, "seloste_append_only")
        for entry in graph()
        if entry.map.append_only
    ]
    for table, name in wanted:
        if (table, name) not in enabled:
            yield f"trigger {name} on {table} is missing or switched off"


def _row_security() -> Iterator[str]:
    protected = {
        row[0]
        for row in _rows(
            "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
            " WHERE c.relrowsecurity AND p.polname = 'seloste_due'"
        )
    }
    for entry in due_tables(graph()):
        if entry.model._meta.db_table not in protected:
            yield f"row security on {entry.model._meta.db_table} is missing"


def _grants() -> Iterator[str]:
    role = settings.APPLICATION_ROLE
    if not _rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]):
        yield f"role {role} is missing"
        return
    for entry in graph():
        if not entry.map.append_only:
            continue
        table = entry.model._meta.db_table
        for privilege in ("UPDATE", "DELETE", "TRUNCATE"):
            if _rows(
                "SELECT has_table_privilege(%s, %s, %s)",
                [role, f"public.{table}", privilege],
            )[0][0]:
                yield f"role {role} may {privilege} the append-only table {table}"


def _rows(sql: str, params: list[str] | None = None) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
