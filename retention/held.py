"""Which rows must stay because of a hold, asked of whole tables at once.

Holds are few and rows are many, so the question starts from the holds. It is the one
that :func:`register.database.due_tables.held_condition` asks of a single row: a row is held
by a hold on itself, on a person in it, or on anything that would go with it.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connection

from register.datamap.graph import Entry, graph
from register.datamap.removal import parts_of
from register.models import Hold


@dataclasses.dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with its parameters."""

    text: str
    params: tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class HoldsInForce:
    """The holds that count at this moment."""

    holds: tuple[Hold, ...]

    def __bool__(self) -> bool:
        return bool(self.holds)

    @property
    def reasons(self) -> list[str]:
        """The reasons there are, each once."""
        return sorted({hold.reason for hold in self.holds})

    def of_reason(self, reason: str) -> HoldsInForce:
        """Return the holds that were placed for ``reason``."""
        return HoldsInForce(tuple(h for h in self.holds if h.reason == reason))

    def rows_of(self, entry: Entry) -> Sql | None:
        """Return a query for the keys of the held rows of a table; None if there are none.

        The same key may come several times, and so may NULL.
        """
        found = [*self._named(entry), *self._of_persons(entry)]
        for model, column in parts_of(entry.model):
            if model is entry.model:
                continue
            part = self.rows_of(graph().of(model))
            if part is not None:
                meta = model._meta
                found.append(
                    Sql(
                        f'SELECT "{column}" FROM "{meta.db_table}" WHERE "{meta.pk.column}" IN ({part.text})',
                        part.params,
                    )
                )
        if not found:
            return None
        return Sql(
            " UNION ALL ".join(query.text for query in found),
            tuple(param for query in found for param in query.params),
        )

    def _named(self, entry: Entry) -> Iterable[Sql]:
        meta = entry.model._meta
        keys = []
        for hold in self.holds:
            if hold.object_type == meta.label_lower:
                try:
                    keys.append(meta.pk.to_python(hold.object_id))
                except ValidationError:
                    continue  # names no row that could exist
        if keys:
            yield Sql(
                f"SELECT unnest(%s::{meta.pk.rel_db_type(connection)}[])", (keys,)
            )

    def _of_persons(self, entry: Entry) -> Iterable[Sql]:
        persons: list[uuid.UUID] = [h.subject_id for h in self.holds if h.subject_id]
        if persons:
            for subject in entry.map.subjects:
                path = entry.sql_path(subject)
                yield Sql(path.select_rows("{column} = ANY(%s)"), (persons,))


def in_force() -> HoldsInForce:
    """Read the holds that are in force now."""
    return HoldsInForce(
        tuple(
            Hold.objects.filter(released_at=None)
            .only("object_type", "object_id", "subject_id", "reason")
            .order_by()
        )
    )
