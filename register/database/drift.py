"""Differences between the live database and what the data map says it must be."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection

from register.database import history, identity_codes, scopes, whereabouts
from register.database.bound_by import why_not_bound
from register.database.due_tables import due_tables
from register.database.rules import ends_at_triggers
from register.datamap.graph import all_models, graph
from register.history.versions import histories

# Tables of the framework that hold nothing but its own bookkeeping.
BOOKKEEPING = {"django_migrations"}


def differences() -> list[str]:
    """Return every difference as a sentence; an empty list when there is none."""
    return [*of_tables(), *of_row_security(), *of_grants()]


def differences_by_table() -> list[tuple[str, str]]:
    """Return every difference with the table it concerns; "" concerns all."""
    return [*_tables(), *_triggers(), *_identity_codes(), *_row_security(), *_grants()]


def of_tables() -> list[str]:
    """Return what differs in tables, columns, triggers and checks."""
    return _sentences(_tables(), _triggers(), _identity_codes())


def of_row_security() -> list[str]:
    """Return which tables show what is due."""
    return _sentences(_row_security())


def of_grants() -> list[str]:
    """Return what the application role may do although it must not."""
    return _sentences(_grants())


def _sentences(*found: Iterable[tuple[str, str]]) -> list[str]:
    return [sentence for _, sentence in itertools.chain(*found)]


def _tables() -> Iterator[tuple[str, str]]:
    declared = {
        model._meta.db_table: {
            str(field.column) for field in model._meta.concrete_fields
        }
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
        yield table, f"table {table} is in the database but in no model"
    for table in sorted(set(declared) - set(live)):
        yield table, f"table {table} is missing"
    for table in sorted(set(declared) & set(live)):
        for column in sorted(live[table] - declared[table]):
            yield (
                table,
                f"column {table}.{column} is in the database but in no model",
            )
        for column in sorted(declared[table] - live[table]):
            yield table, f"column {table}.{column} is missing"


def _triggers() -> Iterator[tuple[str, str]]:
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
    wanted += [
        (entry.model._meta.db_table, scopes.TRIGGER) for entry in scopes.tables(graph())
    ]
    for each in histories():
        wanted += [(each.model._meta.db_table, name) for name in history.TRIGGERS]
        wanted.append((each.versions._meta.db_table, history.GUARD))
    for table, name in wanted:
        if (table, name) not in enabled:
            yield table, f"trigger {name} on {table} is missing or switched off"


def _row_security() -> Iterator[tuple[str, str]]:
    protected = {
        (table, policy)
        for table, policy in _rows(
            "SELECT c.relname, p.polname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
            " WHERE c.relrowsecurity"
        )
    }
    if reason := why_not_bound(settings.APPLICATION_ROLE):
        yield "", f"row security does not bind the web: {reason}"
    for entry in due_tables(graph()):
        table = entry.model._meta.db_table
        if (table, "seloste_due") not in protected:
            yield table, f"row security on {table} is missing"
    for entry in whereabouts.tables(graph()):
        table = entry.model._meta.db_table
        if (table, whereabouts.POLICY) not in protected:
            yield table, f"row security of whereabouts on {table} is missing"
    for entry in scopes.tables(graph()):
        table = entry.model._meta.db_table
        if (table, scopes.VIEW_POLICY) not in protected:
            yield table, f"row security of scopes on {table} is missing"


def _identity_codes() -> Iterator[tuple[str, str]]:
    checked = {
        (table, name)
        for table, name in _rows(
            "SELECT c.relname, k.conname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
            " WHERE k.contype = 'c'"
        )
    }
    for entry in graph():
        table = entry.model._meta.db_table
        for column in identity_codes.guarded_columns(entry):
            if (table, identity_codes.constraint_on(column)) not in checked:
                yield (
                    table,
                    f"the check for personal identity codes on {table}.{column} is missing",
                )


def _grants() -> Iterator[tuple[str, str]]:
    role = settings.APPLICATION_ROLE
    if not _rows("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]):
        yield "", f"role {role} is missing"
        return
    tables = [
        entry.model._meta.db_table
        for entry in graph()
        if entry.map.append_only or entry.map.versions_of
    ]
    for table, privilege in _rows(
        "SELECT t, p FROM unnest(%s::text[]) t, unnest(%s::text[]) p"
        " WHERE to_regclass('public.' || quote_ident(t)) IS NOT NULL"
        " AND has_table_privilege(%s, 'public.' || quote_ident(t), p) ORDER BY t, p",
        [tables, ["UPDATE", "DELETE", "TRUNCATE"], role],
    ):
        yield (
            table,
            f"role {role} may {privilege} the append-only table {table}",
        )


def _rows(sql: str, params: list[Any] | None = None) -> list[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
