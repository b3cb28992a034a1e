"""Rules that bind whatever code talks to the database, generated from the data map.

``manage.py migrate`` applies them after the migrations, so that a new model with a
declaration is covered without a line of SQL of its own:

* the application role, which web requests take, and what it may do: it cannot change
  or delete rows of append-only tables;
* a trigger on append-only tables that refuses change from anybody;
* a trigger that writes ``ends_at`` by the retention rule;
* row security: from its due instant on, a row and its parts do not exist for the
  application role, unless it is held and the session may see what is held;
* row security: what tells where a person under address protection is, is hidden;
* row security: a session reaches its own people, its team's, or all;
* a check on every JSON column that refuses undeclared keys;
* a check on free text that refuses personal identity codes;
* triggers that keep the earlier versions of rows, which the application role only reads.

The owner of the tables (migrations, workers, backup) is not bound by row security, so
that sweeps and ``pg_dump`` see everything.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from register.database import (
    application_role,
    history,
    identity_codes,
    roles,
    scopes,
    whereabouts,
)
from register.database.due_tables import (
    by_depth,
    due_tables,
    held_condition,
    held_function,
)
from register.database.locks import Lock, advisory_lock
from register.datamap.declarations import Ends, Keys, WithParent
from register.datamap.graph import Entry, Graph, graph
from register.history.removing import removing
from register.periods import Period, ends_at_sql

SEES_HELD = "seloste.sees_held"

_CLOCK = """
CREATE OR REPLACE FUNCTION seloste_now() RETURNS timestamptz
LANGUAGE sql STABLE AS 'SELECT statement_timestamp()'
"""
_REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION seloste_refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'Rows of % are never changed or deleted.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""


@dataclasses.dataclass(frozen=True, slots=True)
class EndsAtTrigger:
    """The trigger of one expiring table, with the rule it was made for."""

    table: str
    expression: str
    rule: str

    @property
    def function(self) -> str:
        return f"seloste_ends_at_{self.table}"


def apply() -> None:
    """Bring the database in line with the data map. Running it again changes nothing."""
    refuse_unsuitable_server()
    application_role.ensure()
    with transaction.atomic():
        advisory_lock(Lock.DATABASE_RULES)
        # Written under the removal's name: new due instants are no changes of the rows.
        with removing(), connection.cursor() as cursor:
            for statement in statements(graph()):
                cursor.execute(statement)
            for trigger in ends_at_triggers(graph()):
                _apply_ends_at(cursor, trigger)


def refuse_unsuitable_server() -> None:
    """Raise CommandError with a sentence if the server is no PostgreSQL or too old."""
    if connection.vendor != "postgresql":
        raise CommandError("The register needs PostgreSQL.")
    connection.ensure_connection()
    try:
        roles.refuse_old_server(connection.connection.info.server_version)
    except roles.ServerTooOld as error:
        raise CommandError(str(error)) from error


def statements(map_: Graph) -> Iterator[str]:
    """Yield the SQL of all rules but the due instants, each safe to run again."""
    role = settings.APPLICATION_ROLE
    yield _CLOCK
    yield _REFUSE_CHANGE
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    yield f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"
    yield f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"
    yield f"REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}"
    for entry in map_:
        yield from _append_only(entry)
    for entry in by_depth(map_):
        yield from _row_security(entry)
    for entry in map_:
        yield from _json_keys(entry)
    due = {entry.label for entry in due_tables(map_)}
    yield from whereabouts.statements(map_, due=due)
    hiding = {entry.label for entry in whereabouts.tables(map_)}
    yield from scopes.statements(map_, with_policy=due | hiding)
    yield from identity_codes.statements(map_)
    yield from history.statements()


def ends_at_triggers(map_: Graph) -> Iterator[EndsAtTrigger]:
    """Yield the trigger of every expiring table."""
    for entry in map_.expiring():
        retention = entry.map.retention
        if not isinstance(retention, Ends):
            continue
        columns = [retention.anchor, retention.fallback]
        anchor = ", ".join(
            f'NEW."{entry.model._meta.get_field(name).column}"'  # type: ignore[union-attr]
            for name in columns
            if name
        )
        instant = ends_at_sql(Period.parse(retention.period), f"COALESCE({anchor})")
        limit = retention.no_later_than
        if limit:
            column = entry.model._meta.get_field(limit).column  # type: ignore[union-attr]
            instant = f'LEAST({instant}, NEW."{column}")'
        words = (retention.period, retention.anchor, retention.fallback, limit)
        yield EndsAtTrigger(
            entry.model._meta.db_table, instant, " ".join(words).strip()
        )


def _append_only(entry: Entry) -> Iterator[str]:
    if not entry.map.append_only:
        return
    table = entry.model._meta.db_table
    yield f'REVOKE UPDATE, DELETE, TRUNCATE ON "{table}" FROM {settings.APPLICATION_ROLE}'
    # TRUNCATE has no trigger: the test runner empties tables with it, and no role
    # but the owner may truncate at all.
    yield (
        f'CREATE OR REPLACE TRIGGER seloste_append_only BEFORE UPDATE OR DELETE ON "{table}"'
        " FOR EACH ROW EXECUTE FUNCTION seloste_refuse_change()"
    )


def _row_security(entry: Entry) -> Iterator[str]:
    meta = entry.model._meta
    table, key = meta.db_table, meta.pk.column
    retention = entry.map.retention
    if isinstance(retention, Ends):
        key_type = meta.pk.db_type(connection) or "bigint"
        key_type = {"bigserial": "bigint", "serial": "integer"}.get(key_type, key_type)
        # SECURITY DEFINER: the question must see rows that its asker may not.
        yield (
            f"CREATE OR REPLACE FUNCTION {held_function(entry)}(key {key_type}) RETURNS boolean"
            " LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp"
            f" AS $$ SELECT {held_condition(entry, 'key')} $$"
        )
        visible = (
            f'"{table}"."ends_at" > seloste_now()'
            f" OR (current_setting('{SEES_HELD}', true) = 'on' AND {held_function(entry)}(\"{table}\".\"{key}\"))"
        )
    elif isinstance(retention, WithParent):
        field = meta.get_field(retention.parent)
        parent = field.remote_field.model._meta  # type: ignore[union-attr]
        # The parent's own policy decides: what does not exist has no parts.
        visible = f'EXISTS (SELECT 1 FROM "{parent.db_table}" p WHERE p."{parent.pk.column}" = "{table}"."{field.column}")'  # type: ignore[union-attr]
    else:
        return
    yield f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'
    yield f'DROP POLICY IF EXISTS seloste_due ON "{table}"'
    yield f'CREATE POLICY seloste_due ON "{table}" USING ({visible}) WITH CHECK (true)'


def _json_keys(entry: Entry) -> Iterator[str]:
    table = entry.model._meta.db_table
    for name, declaration in entry.map.fields.items():
        if not isinstance(declaration, Keys):
            continue
        column = entry.model._meta.get_field(name).column  # type: ignore[union-attr]
        constraint = f"seloste_keys_{column}"
        keys = ", ".join(f"'{key}'" for key in sorted(declaration.keys))
        yield f'ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS {constraint}'
        yield (
            f'ALTER TABLE "{table}" ADD CONSTRAINT {constraint} CHECK ('
            f"jsonb_typeof(\"{column}\") = 'object' AND \"{column}\" - ARRAY[{keys}] = '{{}}'::jsonb)"
        )


def _apply_ends_at(cursor: CursorWrapper, trigger: EndsAtTrigger) -> None:
    cursor.execute(
        "SELECT obj_description(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'public' AND p.proname = %s",
        [trigger.function],
    )
    row = cursor.fetchone()
    cursor.execute(
        f"CREATE OR REPLACE FUNCTION {trigger.function}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN NEW.ends_at := {trigger.expression}; RETURN NEW; END $$"
    )
    cursor.execute(f"COMMENT ON FUNCTION {trigger.function}() IS '{trigger.rule}'")
    cursor.execute(
        f'CREATE OR REPLACE TRIGGER seloste_ends_at BEFORE INSERT OR UPDATE ON "{trigger.table}"'
        f" FOR EACH ROW EXECUTE FUNCTION {trigger.function}()"
    )
    if row is None or row[0] != trigger.rule:
        # The rule is new or has changed: every row gets its new due instant.
        cursor.execute(f'UPDATE "{trigger.table}" SET ends_at = NULL')
