"""Triggers that keep what stood in a row before it was changed or deleted.

They write a version of the old row, by whatever route the change comes: services, bulk
updates, raw SQL. A row that is written with the values it has gets none, and neither
does one that is only added.

The application role reads versions and no more. The owner deletes them only while it
says that it removes for good (:mod:`register.history.removing`). Two functions, which
run as the owner, are all that the web may do: empty old values one by one, and let
versions follow a merge.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from register.database.columns import column_of, type_of
from register.history.acting import SETTING as ACTING
from register.history.removing import REMOVING, SETTING
from register.history.versions import History, histories

TRIGGERS = ("seloste_history_update", "seloste_history_delete")
GUARD = "seloste_history_guard"

# A number of its own for each transaction that did not say who acts.
_ACTING = f"""
CREATE OR REPLACE FUNCTION seloste_acting() RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE said text := current_setting('{ACTING}', true);
BEGIN
    IF coalesce(said, '') = '' THEN
        said := gen_random_uuid()::text || '|||';
        PERFORM set_config('{ACTING}', said, true);
    END IF;
    RETURN string_to_array(said, '|');
END $$
"""


def statements() -> Iterator[str]:
    """Yield the SQL of the rule for every model that keeps its history, safe to run again."""
    yield _ACTING
    for history in histories():
        yield from _recording(history)
        yield from _guard(history)
        yield _forgetting(history)
        yield _following(history)


def forget_function(history: History) -> str:
    """Return the name of the function that empties old values of one version."""
    return f"seloste_forget_{history.model._meta.db_table}"


def follow_function(history: History) -> str:
    """Return the name of the function by which versions change what they belong to."""
    return f"seloste_follow_{history.model._meta.db_table}"


def _recording(history: History) -> Iterator[str]:
    table, key = history.model._meta.db_table, history.model._meta.pk.column
    versions = history.versions._meta.db_table
    kept = [column_of(history.model, name) for name in history.fields]
    values = {
        "changed_at": "seloste_now()",
        "change": "CASE TG_OP WHEN 'UPDATE' THEN 'changed' ELSE 'deleted' END",
        "operation": "acting[1]::uuid",
        "actor_kind": "acting[2]",
        "actor_id": "acting[3]",
        "purpose": "acting[4]",
        "row_id": f'OLD."{key}"',
        "forgotten": "'{}'",
        **{f"{a.name}_id": f'OLD."{a.column}"' for a in history.anchors},
        **{column: f'OLD."{column}"' for column in kept},
    }
    if any(f.name == "ends_at" for f in history.model._meta.concrete_fields):
        values["kept_until"] = "OLD.ends_at"
    columns = ", ".join(f'"{column}"' for column in values)
    # SECURITY DEFINER: the role of the web may not write versions itself.
    yield (
        f"CREATE OR REPLACE FUNCTION seloste_history_{table}() RETURNS trigger"
        " LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$"
        " DECLARE acting text[] := seloste_acting();"
        f' BEGIN INSERT INTO "{versions}" ({columns}) VALUES ({", ".join(values.values())});'
        " RETURN NULL; END $$"
    )
    is_recorded = (
        f"(current_setting('{SETTING}', true) IS DISTINCT FROM '{REMOVING}'"
        f" OR current_setting('role') = '{settings.APPLICATION_ROLE}')"
    )
    changed = " OR ".join(f'OLD."{c}" IS DISTINCT FROM NEW."{c}"' for c in kept)
    for name, event, when in (
        (TRIGGERS[0], "UPDATE", f"({changed}) AND {is_recorded}"),
        (TRIGGERS[1], "DELETE", is_recorded),
    ):
        yield (
            f'CREATE OR REPLACE TRIGGER {name} AFTER {event} ON "{table}"'
            f" FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION seloste_history_{table}()"
        )


def _guard(history: History) -> Iterator[str]:
    versions = history.versions._meta.db_table
    role = settings.APPLICATION_ROLE
    yield f'REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON "{versions}" FROM {role}'
    yield (
        f'CREATE OR REPLACE TRIGGER {GUARD} BEFORE UPDATE OR DELETE ON "{versions}"'
        f" FOR EACH ROW WHEN (current_setting('{SETTING}', true) IS DISTINCT FROM '{REMOVING}')"
        " EXECUTE FUNCTION seloste_refuse_change()"
    )


def _forgetting(history: History) -> str:
    versions = history.versions._meta.db_table
    kept = [column_of(history.model, name) for name in history.fields]
    emptied = ", ".join(
        f'"{c}" = CASE WHEN \'{name}\' = ANY(names) THEN NULL ELSE "{c}" END'
        for name, c in zip(history.fields, kept, strict=True)
    )
    return (
        f"CREATE OR REPLACE FUNCTION {forget_function(history)}(version bigint, names text[])"
        " RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$"
        f" DECLARE said text := coalesce(current_setting('{SETTING}', true), '');"
        " is_found boolean; BEGIN"
        f" PERFORM set_config('{SETTING}', '{REMOVING}', true);"
        f' UPDATE "{versions}" SET {emptied},'
        " forgotten = ARRAY(SELECT DISTINCT unnest(forgotten || names)) WHERE id = version;"
        " is_found := FOUND;"
        f" PERFORM set_config('{SETTING}', said, true); RETURN is_found; END $$"
    )


def _following(history: History) -> str:
    """Versions of ``was`` become those of ``now``; with ``back`` only ``now``'s own do."""
    versions = history.versions._meta.db_table
    branches = []
    for anchor in history.anchors:
        kind = type_of(anchor.target._meta.pk)
        own = "row_id" if anchor.name == "of_self" else anchor.column
        branches.append(
            f"IF anchor = '{anchor.name}' THEN"
            f' UPDATE "{versions}" SET "{anchor.name}_id" = now::{kind}'
            f' WHERE "{anchor.name}_id" = was::{kind} AND (NOT back OR "{own}" = now::{kind});'
            " GET DIAGNOSTICS moved = ROW_COUNT; END IF;"
        )
    return (
        f"CREATE OR REPLACE FUNCTION {follow_function(history)}(anchor text, was text, now text, back boolean)"
        " RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$"
        f" DECLARE said text := coalesce(current_setting('{SETTING}', true), ''); moved bigint := 0; BEGIN"
        f" PERFORM set_config('{SETTING}', '{REMOVING}', true);"
        f" {' '.join(branches)}"
        f" PERFORM set_config('{SETTING}', said, true); RETURN moved; END $$"
    )
