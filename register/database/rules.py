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
* a check on every JSON column that refuses undeclared keys;
* a check on free text that refuses personal identity codes.

The owner of the tables (migrations, workers, backup) is not bound by row security, so
that sweeps and ``pg_dump`` see everything.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

from django.conf import settings
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, models, transaction

from register.database import identity_codes, roles, whereabouts
from register.database.locks import Lock, advisory_lock
from register.datamap.declarations import Ends, Keys, WithParent
from register.datamap.graph import Entry, Graph, graph
from register.datamap.removal import parts_of
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
    _ensure_application_role()
    with transaction.atomic():
        advisory_lock(Lock.DATABASE_RULES)
        with connection.cursor() as cursor:
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
    yield from whereabouts.statements(
        map_, due={entry.label for entry in due_tables(map_)}
    )
    yield from identity_codes.statements(map_)


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


def due_tables(map_: Graph) -> list[Entry]:
    """Return the tables that row security covers: expiring ones and their parts."""
    return [entry for entry in map_ if _is_due_table(map_, entry)]


def by_depth(map_: Graph) -> list[Entry]:
    """Return the covered tables with parts before their wholes, as functions need it."""
    return sorted(due_tables(map_), key=lambda entry: -_depth(map_, entry))


def held_function(entry: Entry) -> str:
    """Return the name of the function that says whether a row of ``entry`` is held."""
    return f"seloste_held_{entry.model._meta.db_table}"


def held_condition(entry: Entry, key: str, depth: int = 0) -> str:
    """Return SQL that is true when the row with ``key`` must not be deleted.

    A row is held by a hold on itself, on a person in it, or on anything that would
    go with it. :mod:`retention.held` asks the same question of whole tables.
    """
    kind = entry.model._meta.label_lower
    conditions = [
        "EXISTS (SELECT 1 FROM register_hold h WHERE h.released_at IS NULL"
        f" AND h.object_type = '{kind}' AND h.object_id = {key}::text)"
    ]
    for subject in entry.map.subjects:
        path = entry.sql_path(subject)
        conditions.append(
            path.exists_person(
                key,
                "EXISTS (SELECT 1 FROM register_hold h WHERE h.released_at IS NULL AND h.subject_id = {column})",
            )
        )
    for model, column in parts_of(entry.model):
        part, alias = graph().of(model), f"p{depth}"
        part_key = f'{alias}."{model._meta.pk.column}"'
        if isinstance(part.map.retention, Ends):
            held = f"{held_function(part)}({part_key})"
        else:
            held = held_condition(part, part_key, depth + 1)
        conditions.append(
            f'EXISTS (SELECT 1 FROM "{model._meta.db_table}" {alias}'
            f' WHERE {alias}."{column}" = {key} AND ({held}))'
        )
    return " OR ".join(conditions)


def _ensure_application_role() -> None:
    """Create the role and let the owner take it; roles belong to the whole server."""
    role = settings.APPLICATION_ROLE
    for attempt in range(10):
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE ROLE {role} NOLOGIN")
                cursor.execute(
                    "SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
                    " JOIN pg_roles u ON u.oid = m.member"
                    " WHERE r.rolname = %s AND u.rolname = current_user",
                    [role],
                )
                member = cursor.fetchone()
                cursor.execute(
                    "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
                )
                if not cursor.fetchone()[0] and not (member and _may_set(cursor, role)):
                    cursor.execute(f"GRANT {role} TO CURRENT_USER")
        except DatabaseError as error:
            # Another database of the same server is being set up at this moment.
            if attempt == 9:
                raise CommandError(
                    f"The role {role} is missing or the database user may not take it: an administrator of the server makes both with manage.py database_roles."
                ) from error
            time.sleep(0.2)
        else:
            return


def _may_set(cursor: object, role: str) -> bool:
    # PostgreSQL 16 separates being a member from being allowed to take the role.
    cursor.execute("SELECT current_setting('server_version_num')::int >= 160000")  # type: ignore[attr-defined]
    privilege = "SET" if cursor.fetchone()[0] else "MEMBER"  # type: ignore[attr-defined]
    cursor.execute("SELECT pg_has_role(current_user, %s, %s)", [role, privilege])  # type: ignore[attr-defined]
    return bool(cursor.fetchone()[0])  # type: ignore[attr-defined]


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


def _apply_ends_at(cursor: object, trigger: EndsAtTrigger) -> None:
    execute = cursor.execute  # type: ignore[attr-defined]
    execute(
        "SELECT obj_description(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace"
        " WHERE n.nspname = 'public' AND p.proname = %s",
        [trigger.function],
    )
    row = cursor.fetchone()  # type: ignore[attr-defined]
    execute(
        f"CREATE OR REPLACE FUNCTION {trigger.function}() RETURNS trigger LANGUAGE plpgsql AS $$"
        f" BEGIN NEW.ends_at := {trigger.expression}; RETURN NEW; END $$"
    )
    execute(f"COMMENT ON FUNCTION {trigger.function}() IS '{trigger.rule}'")
    execute(
        f'CREATE OR REPLACE TRIGGER seloste_ends_at BEFORE INSERT OR UPDATE ON "{trigger.table}"'
        f" FOR EACH ROW EXECUTE FUNCTION {trigger.function}()"
    )
    if row is None or row[0] != trigger.rule:
        # The rule is new or has changed: every row gets its new due instant.
        execute(f'UPDATE "{trigger.table}" SET ends_at = NULL')


def _is_due_table(map_: Graph, entry: Entry) -> bool:
    retention = entry.map.retention
    if isinstance(retention, Ends):
        return True
    if isinstance(retention, WithParent):
        parent = map_.entries.get(_parent(entry, retention)._meta.label)
        return parent is not None and _is_due_table(map_, parent)
    return False


def _depth(map_: Graph, entry: Entry) -> int:
    """How many wholes a row is inside of, by any cascading foreign key."""
    depths = [0]
    for field in entry.model._meta.concrete_fields:
        if (
            isinstance(field, models.ForeignKey)
            and field.remote_field.on_delete is models.CASCADE
            and field.remote_field.model is not entry.model
        ):
            parent = map_.entries.get(field.remote_field.model._meta.label)
            if parent is not None and _is_due_table(map_, parent):
                depths.append(1 + _depth(map_, parent))
    return max(depths)


def _parent(entry: Entry, retention: WithParent) -> type[models.Model]:
    field = entry.model._meta.get_field(retention.parent)
    return field.remote_field.model  # type: ignore[union-attr]
