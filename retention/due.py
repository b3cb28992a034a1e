"""Which tables end by which rule, and SQL over what is due in them."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from django.db import connection

from register.database.due_tables import by_depth
from register.datamap.declarations import Ends
from register.datamap.graph import Entry, graph
from register.datamap.removal import parts_of
from retention.held import HoldsInForce, Sql


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """An expiring table with its rule, ready to be put into SQL."""

    entry: Entry
    ends: Ends

    @property
    def label(self) -> str:
        """The table's name in ledgers and plans."""
        return self.entry.label

    @property
    def table(self) -> str:
        """The quoted table."""
        return f'"{self.entry.model._meta.db_table}"'

    @property
    def key(self) -> str:
        """The quoted primary key, of the table under its alias ``t``."""
        return f't."{self.entry.model._meta.pk.column}"'

    @property
    def has_files(self) -> bool:
        """Whether a file goes with a row."""
        return _has_files(self.entry)

    def not_held(self, holds: HoldsInForce) -> Sql:
        """Return a condition on ``t`` that leaves out what is held."""
        held = holds.rows_of(self.entry)
        if held is None:
            return Sql("TRUE", ())
        # NOT EXISTS and not NOT IN: a key may be NULL.
        return Sql(
            f"NOT EXISTS (SELECT 1 FROM ({held.text}) h(k) WHERE h.k = {self.key})",
            held.params,
        )

    def is_held(self, holds: HoldsInForce) -> Sql:
        """Return a condition on ``t`` for what is held."""
        held = holds.rows_of(self.entry)
        if held is None:
            return Sql("FALSE", ())
        return Sql(f"{self.key} IN ({held.text})", held.params)

    def held_among(self, keys: list[Any], holds: HoldsInForce) -> set[Any]:
        """Return those of ``keys`` that are held."""
        held = holds.rows_of(self.entry)
        if held is None:
            return set()
        key_type = self.entry.model._meta.pk.rel_db_type(connection)
        with connection.cursor() as cursor:
            # A join, because "= ANY" with thousands of keys takes longer to plan than
            # the whole question takes to answer.
            cursor.execute(
                f"SELECT h.k FROM ({held.text}) h(k)"
                f" JOIN unnest(%s::{key_type}[]) wanted(k) ON wanted.k = h.k",
                [*held.params, keys],
            )
            return {row[0] for row in cursor.fetchall()}

    def longest_held(self, at: datetime, holds: HoldsInForce, limit: int) -> list[Any]:
        """Return keys of held rows that are due at ``at``, the longest overdue first."""
        held = self.is_held(holds)
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {self.key} FROM {self.table} t"
                f" WHERE t.ends_at <= %s AND {held.text}"
                f" ORDER BY t.ends_at, {self.key} LIMIT %s",
                [at, *held.params, limit],
            )
            return [row[0] for row in cursor.fetchall()]


def rules() -> list[Rule]:
    """Return every rule that ends something: parts before their wholes.

    A part with a period of its own is then counted under its own rule and not as a
    part of the whole that is due at the same time.
    """
    found = []
    for entry in by_depth(graph()):
        if isinstance(entry.map.retention, Ends):
            found.append(Rule(entry, entry.map.retention))
    return found


def _has_files(entry: Entry) -> bool:
    return bool(entry.file_fields) or any(
        _has_files(graph().of(part))
        for part, _ in parts_of(entry.model)
        if part is not entry.model
    )
