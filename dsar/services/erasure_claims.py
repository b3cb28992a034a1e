"""What a legal claim or an order of an authority keeps from being changed (Art. 17(3)(e)).

An open request for access is no such claim: it is asked for by itself.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection, models

from dsar.services.erasure_people import others_in
from dsar.services.erasure_sql import Keys
from register.datamap.graph import Entry, graph, kept_with_map
from register.models import Hold

CLAIMS = (Hold.Reason.LEGAL_CLAIM, Hold.Reason.AUTHORITY)
# Written out: making it from the models takes longer than asking it.
CLAIMED = f"""
    SELECT subject_id, object_type, object_id FROM register_hold
    WHERE released_at IS NULL AND reason IN ({", ".join(f"'{each.value}'" for each in CLAIMS)})
"""  # noqa: S608 - constants


@dataclasses.dataclass(frozen=True, slots=True)
class Claims:
    """The people and the records that claims hold; records by kind, as holds name them."""

    people: frozenset[uuid.UUID]
    records: dict[str, set[str]]

    def __bool__(self) -> bool:
        return bool(self.people or self.records)

    def on(
        self, entry: Entry, keys: Collection[Any], *, besides: Collection[uuid.UUID]
    ) -> set[Any]:
        """Return those rows that are held, or in which anybody is who is held.

        But for the people in ``besides``, who are asked for by themselves.
        """
        held = self.on_themselves(entry, keys)
        if self.people:
            others = others_in(entry, keys, besides)
            held |= {key for key, people in others.items() if people & self.people}
        return held

    def on_themselves(self, entry: Entry, keys: Collection[Any]) -> set[Any]:
        """Return those rows that are held, or are part of something that is held."""
        meta = entry.model._meta
        named = self.records.get(meta.label_lower, set())
        held = {key for key in keys if str(key) in named} if named else set()
        for parent in _wholes(entry.label) if self.records else ():
            rows = entry.model._base_manager.filter(pk__in=keys).order_by()
            parts: dict[Any, set[Any]] = defaultdict(set)
            for key, whole in rows.values_list("pk", parent.attname):
                parts[whole].add(key)
            for whole in self.on_themselves(graph().of(parent.related_model), parts):
                held |= parts[whole]
        return held


@kept_with_map
def _wholes(label: str) -> list[Any]:
    """Return the foreign keys of a table to what its rows are part of."""
    model = graph()[label].model
    return [
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey)
        and field.remote_field.on_delete is models.CASCADE
        and field.related_model is not model
        and field.related_model._meta.label in graph().entries
    ]


def claims_in_force() -> Claims:
    """Return what claims hold now."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIMED)
        return read_claims(cursor.fetchall())


def read_claims(rows: Iterable[tuple[uuid.UUID | None, str, str]]) -> Claims:
    """Return what the rows of :data:`CLAIMED` say."""
    people: set[uuid.UUID] = set()
    records: dict[str, set[str]] = defaultdict(set)
    for person, kind, key in rows:
        if person is not None:
            people.add(person)
        if kind:
            records[kind].add(key)
    return Claims(frozenset(people), records)


def not_held(rows: Keys, *, besides: Collection[uuid.UUID]) -> Keys:
    """Leave out the rows of others that claims hold: what is said there stays as it is.

    The search after the erasure finds it, and somebody judges whether it may stay.
    """
    claims = claims_in_force() if rows else None
    if not claims:
        return rows
    left = {
        label: set(keys) - claims.on(graph()[label], keys, besides=besides)
        for label, keys in rows.items()
    }
    return {label: keys for label, keys in left.items() if keys}
