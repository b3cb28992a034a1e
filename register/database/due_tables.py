"""Which tables row security covers, and when one of their rows is held."""

from __future__ import annotations

from django.db import models

from register.datamap.declarations import Ends, WithParent
from register.datamap.graph import Entry, Graph, graph
from register.datamap.parts import is_part
from register.datamap.removal import parts_of


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
            and is_part(field.remote_field.on_delete)
            and field.remote_field.model is not entry.model
        ):
            parent = map_.entries.get(field.remote_field.model._meta.label)
            if parent is not None and _is_due_table(map_, parent):
                depths.append(1 + _depth(map_, parent))
    return max(depths)


def _parent(entry: Entry, retention: WithParent) -> type[models.Model]:
    field = entry.model._meta.get_field(retention.parent)
    return field.remote_field.model  # type: ignore[union-attr]
