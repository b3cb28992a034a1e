"""Row security of scopes: whose rows a session of the web reaches.

Every table that leads to a customer (by the paths of the data map, or because it has
somebody ``responsible`` itself) is limited for the application role to what the session
says its reader may do (:data:`SETTING`, written by :mod:`register.access.scopes`). Without
the setting nothing is reached. The owner of the tables (workers) is not bound.

* Rows are seen by a restrictive policy. Its first part, "may the reader see all of this
  category", is worked out once a query; the second is asked of each row of a reader who
  may not.
* Rows are added by a policy where the row itself names its person; others are parts of
  rows that are.
* Rows are changed and deleted by a trigger, which refuses aloud. A policy would make the
  row disappear, also for services that only lock it.

``<> 0`` and not ``= 1``: the planner takes an unknown to be different from nearly every
value, so that its estimates of whole tables, which lists show, stay right.

Tables searched by the beginnings of words (``ModelMap.is_derived``) stay out of it as they do of
:mod:`register.database.whereabouts`: their rows lead nowhere without their whole.
"""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection, models

from register.datamap.declarations import SELF, Subject
from register.datamap.graph import Entry, Graph, graph
from register.datamap.paths import compile_path
from register.datamap.vocabulary import HEEDED, Action, Category

SETTING = "seloste.scopes"
EVERYTHING = '{"everything": true}'
VIEW_POLICY = "seloste_scope_view"
ADD_POLICY = "seloste_scope_add"
TRIGGER = "seloste_scope"
# Somebody who may be responsible for a row stands in these fields of it.
RESPONSIBLE, TEAM = "responsible", "team"

_HEAD = "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp"
_SESSION = f"nullif(current_setting('{SETTING}', true), '')::jsonb"
_FUNCTIONS = (
    "CREATE OR REPLACE FUNCTION seloste_wide(asked text) RETURNS integer LANGUAGE sql STABLE"
    f" AS $$ SELECT coalesce(({_SESSION} ->> asked = 'all' OR {_SESSION} ? 'everything')::int, 0) $$",
    f"CREATE OR REPLACE FUNCTION seloste_people(asked text) RETURNS uuid[] {_HEAD} AS $$"
    f" SELECT CASE {_SESSION} ->> asked"
    f" WHEN 'own' THEN ARRAY[({_SESSION} ->> 'user')::uuid]"
    f" WHEN 'team' THEN ARRAY(SELECT ({_SESSION} ->> 'user')::uuid"
    "  UNION SELECT m.user_id FROM register_teammembership m"
    f"  WHERE {_SESSION} -> 'teams' @> to_jsonb(m.team_id))"
    " ELSE '{}'::uuid[] END $$",
    f"CREATE OR REPLACE FUNCTION seloste_teams(asked text) RETURNS bigint[] {_HEAD} AS $$"
    f" SELECT CASE {_SESSION} ->> asked WHEN 'team' THEN"
    f" ARRAY(SELECT jsonb_array_elements_text({_SESSION} -> 'teams')::bigint)"
    " ELSE '{}'::bigint[] END $$",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """How a row belongs to somebody: by itself, or by a person it leads to.

    ``column`` of the row holds ``model``'s key, from which ``subject`` goes on; without
    a subject it is the person's own key.
    """

    column: str
    model: type[models.Model]
    subject: Subject | None = None

    @property
    def function(self) -> str:
        """Return the name of the SQL function that asks of a key of ``model``."""
        table = self.model._meta.db_table
        if self.subject is None:
            return f"seloste_reaches_{table}"
        path = f"{self.subject.path} {self.subject.by_id} {self.subject.when}"
        return f"seloste_reaches_{table}_{zlib.crc32(path.encode()):08x}"


def is_assigned(model: type[models.Model]) -> bool:
    """Whether rows of a table have somebody responsible themselves."""
    # Of an earlier version these are mere values: who was responsible once is not now.
    names = {
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
    }
    return {RESPONSIBLE, TEAM} <= names


def leads_to_customers(entry: Entry) -> bool:
    """Whether rights to a table can be limited to own people or those of a team."""
    return entry.map.category not in HEEDED and (
        is_assigned(entry.model) or bool(entry.subjects("contact"))
    )


def tables(map_: Graph) -> list[Entry]:
    """Return the tables that the rule is on."""
    return [
        entry
        for entry in map_
        if leads_to_customers(entry) and not entry.map.is_derived
    ]


def ways(entry: Entry) -> list[Way]:
    """Return all ways from a row of a table to somebody who may be responsible."""
    found = []
    for subject in entry.subjects("contact"):
        if subject.path == SELF:
            continue
        way = _way(entry, subject)
        if way not in found:
            found.append(way)
    return found


def _way(entry: Entry, subject: Subject) -> Way:
    meta = entry.model._meta
    person = graph().root("contact").model
    whole = Way(str(meta.pk.column), entry.model, subject)
    first, _, rest = subject.path.partition("__")
    if subject.when is not None:
        return whole
    if not first:
        column = str(meta.get_field(subject.by_id).column)  # type: ignore[union-attr]
        return Way(column, person)
    field = meta.get_field(first)
    if not isinstance(field, models.ForeignKey):
        return whole
    target = field.remote_field.model
    if rest or subject.by_id:
        return Way(
            field.column, target, Subject(subject.role, path=rest, by_id=subject.by_id)
        )
    return Way(field.column, target)


def condition(entry: Entry, right: str, *, row: str) -> str:
    """Return SQL that is true when a session reaches ``row`` (a name or an alias)."""
    people = f"(SELECT seloste_people('{right}'))::uuid[]"
    teams = f"(SELECT seloste_teams('{right}'))::bigint[]"
    parts = [f"(SELECT seloste_wide('{right}')) <> 0"]
    if entry.map.seen_with:
        return " OR ".join([*parts, _with_all(entry, right, row)])
    if is_assigned(entry.model):
        parts.append(_assigned(entry.model, row, people, teams))
    parts += [
        f'{way.function}({row}."{way.column}", {people}, {teams})'
        for way in ways(entry)
    ]
    parts += [_through(entry, name, right, row) for name in entry.map.reached_with]
    return " OR ".join(parts)


def _with_all(entry: Entry, right: str, row: str) -> str:
    """Return SQL that is true when a session reaches all rows that one is about."""
    found = [_through(entry, name, right, row) for name in entry.map.seen_with]
    return f"({' AND '.join(found)})"


def _through(entry: Entry, name: str, right: str, row: str) -> str:
    """Return SQL that is true when a session sees and reaches what a link leads to."""
    field: Any = entry.model._meta.get_field(name)
    other = graph().of(field.remote_field.model)
    key = other.model._meta.pk.column
    reached = condition(other, right, row="o")
    return (
        f'EXISTS (SELECT 1 FROM "{other.model._meta.db_table}" o'
        f' WHERE o."{key}" = {row}."{field.column}" AND ({reached}))'
    )


def statements(map_: Graph, *, with_policy: set[str]) -> Iterator[str]:
    """Yield the SQL of the rule, safe to run again.

    ``with_policy`` are the labels of tables that another rule lets be read.
    """
    yield from _FUNCTIONS
    made: set[str] = set()
    for entry in tables(map_):
        for way in ways(entry):
            if way.function not in made:
                made.add(way.function)
                yield _function(way)
    for entry in tables(map_):
        yield from _policies(entry, is_open=entry.label not in with_policy)
        yield from _triggers(entry)


def _assigned(model: type[models.Model], row: str, people: str, teams: str) -> str:
    columns = [
        str(model._meta.get_field(name).column)  # type: ignore[union-attr]
        for name in (RESPONSIBLE, TEAM)
    ]
    return (
        f'{row}."{columns[0]}" = ANY ({people}) OR {row}."{columns[1]}" = ANY ({teams})'
    )


def _function(way: Way) -> str:
    meta = way.model._meta
    person = graph().root("contact").model
    table, key = person._meta.db_table, person._meta.pk.column
    mine = _assigned(person, "c", "people", "teams")
    persons = (
        f'EXISTS (SELECT 1 FROM "{table}" c WHERE c."{key}" = {{column}} AND ({mine}))'
    )
    if way.subject is None:
        body = persons.format(column="key")
    else:
        body = compile_path(way.model, way.subject)[0].exists_person("key", persons)
    key_type = meta.pk.db_type(connection) or "bigint"
    key_type = {"bigserial": "bigint", "serial": "integer"}.get(key_type, key_type)
    return (
        f"CREATE OR REPLACE FUNCTION {way.function}(key {key_type}, people uuid[], teams bigint[])"
        f" RETURNS boolean {_HEAD} AS $$ SELECT {body} $$"
    )


def _policies(entry: Entry, *, is_open: bool) -> Iterator[str]:
    meta, category = entry.model._meta, entry.map.category
    table = f'"{meta.db_table}"'
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"DROP POLICY IF EXISTS seloste_open ON {table}"
    if is_open:
        yield f"CREATE POLICY seloste_open ON {table} USING (true) WITH CHECK (true)"
    seen = condition(entry, right(Action.VIEW, category), row=table)
    yield f"DROP POLICY IF EXISTS {VIEW_POLICY} ON {table}"
    yield f"CREATE POLICY {VIEW_POLICY} ON {table} AS RESTRICTIVE FOR SELECT USING ({seen})"
    yield f"DROP POLICY IF EXISTS {ADD_POLICY} ON {table}"
    # What leads to its people by rows that point to it has none yet.
    if is_assigned(entry.model) or all(
        way.model is not entry.model for way in ways(entry)
    ):
        added = condition(entry, right(Action.ADD, category), row=table)
        yield f"CREATE POLICY {ADD_POLICY} ON {table} AS RESTRICTIVE FOR INSERT WITH CHECK ({added})"


def _triggers(entry: Entry) -> Iterator[str]:
    table, category = entry.model._meta.db_table, entry.map.category
    changed, deleted = (right(a, category) for a in (Action.CHANGE, Action.DELETE))
    old = condition(entry, changed, row="OLD")
    # A person may be handed over to a colleague; a part may not be moved to a stranger.
    new = "true" if is_assigned(entry.model) else condition(entry, changed, row="NEW")
    gone = condition(entry, deleted, row="OLD")
    yield (
        f"CREATE OR REPLACE FUNCTION seloste_scope_{table}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" IF TG_OP = 'UPDATE' THEN IF ({old}) AND ({new}) THEN RETURN NEW; END IF;"
        f" ELSIF {gone} THEN RETURN OLD; END IF;"
        f" RAISE EXCEPTION 'A row of {table} is beyond the scope of the reader.'"
        " USING ERRCODE = 'insufficient_privilege'; END $$"
    )
    yield (
        f'CREATE OR REPLACE TRIGGER {TRIGGER} BEFORE UPDATE OR DELETE ON "{table}" FOR EACH ROW'
        f" WHEN (current_user = '{settings.APPLICATION_ROLE}')"
        f" EXECUTE FUNCTION seloste_scope_{table}()"
    )


def right(action: str, category: Category | str) -> str:
    """Return how the setting names a right."""
    return f"{category}.{action}"
