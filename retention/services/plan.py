"""What would end now and what ends soon: the sweep, looked at before it runs.

The numbers are those that the next sweep leaves in the ledger if nothing happens in
between.
"""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

from register.database.clock import database_now
from register.database.visibility import counting_everything
from register.datamap.declarations import Reviewed, WithParent
from register.datamap.graph import Entry, graph
from retention import counting
from retention.due import Rule, rules
from retention.held import HoldsInForce, in_force


@dataclasses.dataclass(frozen=True, slots=True)
class EndingTable:
    """A table whose rows end after a period, and how it stands.

    ``due`` counts what is past its due instant: the ``held`` stay, the ``ready`` go
    with the next sweep together with ``parts`` and ``files``. What is ``over_lag`` is
    ready but has outlived the time in which it had to be deleted: a broken promise.
    """

    table: str
    rule: str
    period: str
    anchor: str
    lag: str
    due: int
    held: int
    held_by: dict[str, int]
    over_lag: int
    oldest_due_at: datetime | None
    next_due_at: datetime | None
    by_day: dict[int, int]
    parts: dict[str, int]
    files: int

    @property
    def ready(self) -> int:
        """How many rows the next sweep deletes."""
        return self.due - self.held

    def due_within(self, days: int) -> int:
        """How many rows fall due from now on within so many times 24 hours."""
        return sum(count for day, count in self.by_day.items() if day <= days)

    def as_json(self) -> dict[str, Any]:
        """Return the line as plain data."""
        plain = dataclasses.asdict(self)
        del plain["by_day"]
        return {
            "kind": "ends",
            **plain,
            "ready": self.ready,
            "oldest_due_at": _iso(self.oldest_due_at),
            "next_due_at": _iso(self.next_due_at),
            "due_within": {
                "PT24H": self.due_within(1),
                "P30D": self.due_within(30),
                "P90D": self.due_within(90),
            },
        }


@dataclasses.dataclass(frozen=True, slots=True)
class ReviewedTable:
    """A table without a fixed end: kept for a reason that is looked at again."""

    table: str
    rule: str
    reason: str
    period: str
    anchor: str
    to_review: int
    oldest_at: datetime | None

    def as_json(self) -> dict[str, Any]:
        """Return the line as plain data."""
        plain = dataclasses.asdict(self)
        return {"kind": "reviewed", **plain, "oldest_at": _iso(self.oldest_at)}


@dataclasses.dataclass(frozen=True, slots=True)
class PartTable:
    """A table whose rows end with another's."""

    table: str
    ends_with: str

    def as_json(self) -> dict[str, Any]:
        """Return the line as plain data."""
        return {"kind": "part", **dataclasses.asdict(self)}


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """How every table with personal data ends, at one moment."""

    revision: str
    at: datetime
    ending: list[EndingTable]
    reviewed: list[ReviewedTable]
    parts: list[PartTable]

    def as_json(self) -> dict[str, Any]:
        """Return the plan as plain data, for programs."""
        return {
            "revision": self.revision,
            "at": self.at.isoformat(),
            "tables": [
                *(table.as_json() for table in self.ending),
                *(table.as_json() for table in self.reviewed),
                *(table.as_json() for table in self.parts),
            ],
        }


def plan(at: datetime | None = None) -> Plan:
    """Return what is due at ``at`` (now), what is held and why, and what comes next.

    It counts what row security hides, so it gives every role the same numbers. Who
    may see them is for the caller to ask.
    """
    with counting_everything():
        moment = at or database_now()
        holds = in_force()
        by_label = sorted(rules(), key=lambda rule: rule.label)
        return Plan(
            revision=graph().revision,
            at=moment,
            ending=[_ending(rule, moment, holds) for rule in by_label],
            reviewed=[
                _reviewed(entry, entry.map.retention, moment)
                for entry in graph()
                if isinstance(entry.map.retention, Reviewed)
            ],
            parts=[
                PartTable(entry.label, _whole(entry, entry.map.retention))
                for entry in graph()
                if isinstance(entry.map.retention, WithParent)
            ],
        )


def _ending(rule: Rule, at: datetime, holds: HoldsInForce) -> EndingTable:
    due, oldest = counting.due(rule, at)
    if not due:
        holds = HoldsInForce(())
    parts, files = counting.going_with(rule, at, holds) if due else ({}, 0)
    by_reason = {
        reason: counting.held(rule, at, holds.of_reason(reason))
        for reason in holds.reasons
    }
    return EndingTable(
        table=rule.label,
        rule=rule.ends.rule,
        period=rule.ends.period,
        anchor=rule.ends.anchor,
        lag=rule.ends.lag,
        due=due,
        held=counting.held(rule, at, holds) if holds else 0,
        held_by={reason: count for reason, count in by_reason.items() if count},
        over_lag=counting.over_lag(rule, at, holds) if due else 0,
        oldest_due_at=oldest,
        next_due_at=counting.next_due_at(rule, at),
        by_day=counting.by_day(rule, at),
        parts=parts,
        files=files,
    )


def _reviewed(entry: Entry, reviewed: Reviewed, at: datetime) -> ReviewedTable:
    to_review, oldest = counting.to_review(entry, reviewed, at)
    return ReviewedTable(
        table=entry.label,
        rule=reviewed.rule,
        reason=reviewed.reason,
        period=reviewed.period,
        anchor=reviewed.anchor,
        to_review=to_review,
        oldest_at=oldest,
    )


def _whole(entry: Entry, part: WithParent) -> str:
    whole = entry.model._meta.get_field(part.parent).remote_field.model  # type: ignore[union-attr]
    return str(whole._meta.label)


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None
