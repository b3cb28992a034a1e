"""Numbers about one rule at one moment, by the conditions that the sweep deletes by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from register.datamap.declarations import Ends, Reviewed
from register.datamap.graph import Entry, graph
from register.datamap.removal import parts_of
from register.periods import Period, ends_at_sql
from retention.due import Rule
from retention.held import HoldsInForce, Sql

HORIZON_DAYS = 90


def due(rule: Rule, at: datetime) -> tuple[int, datetime | None]:
    """Return how many rows are past their due instant, held ones too, and the oldest."""
    count, oldest = _row(
        f"count(*), min(t.ends_at) FROM {rule.table} t WHERE t.ends_at <= %s", [at]
    )
    return count, oldest


def ready(
    rule: Rule, at: datetime, holds: HoldsInForce, *, most: int
) -> tuple[int, datetime | None]:
    """Return how many due rows wait to be deleted, no further than ``most``, and the oldest."""
    free = rule.not_held(holds)
    count, oldest = _row(
        f"count(*), min(d.ends_at) FROM (SELECT t.ends_at FROM {rule.table} t"
        f" WHERE t.ends_at <= %s AND {free.text} ORDER BY t.ends_at LIMIT %s) d",
        [at, *free.params, most],
    )
    return count, oldest


def next_due_at(rule: Rule, at: datetime) -> datetime | None:
    """Return when the next row falls due."""
    (instant,) = _row(f"min(t.ends_at) FROM {rule.table} t WHERE t.ends_at > %s", [at])
    return instant  # type: ignore[no-any-return]


def held(rule: Rule, at: datetime, holds: HoldsInForce) -> int:
    """Return how many of the due rows ``holds`` keep."""
    which = rule.is_held(holds)
    return _count(
        f"FROM {rule.table} t WHERE t.ends_at <= %s AND {which.text}",
        [at, *which.params],
    )


def over_lag(rule: Rule, at: datetime, holds: HoldsInForce) -> int:
    """Return how many rows should have been deleted by now and are not held."""
    free = rule.not_held(holds)
    limit = ends_at_sql(Period.parse(rule.ends.lag), "t.ends_at")
    return _count(
        f"FROM {rule.table} t WHERE t.ends_at <= %s AND {limit} < %s AND {free.text}",
        [at, at, *free.params],
    )


def by_day(rule: Rule, at: datetime) -> dict[int, int]:
    """Count what falls due on each of the next days; day 1 is the next 24 hours."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ceil(extract(epoch FROM t.ends_at - %s) / 86400)::int, count(*)"
            f" FROM {rule.table} t WHERE t.ends_at > %s"
            f" AND t.ends_at <= %s + interval '{HORIZON_DAYS * 24} hours' GROUP BY 1",
            [at, at, at],
        )
        return dict(cursor.fetchall())


def going_with(
    rule: Rule, at: datetime, holds: HoldsInForce
) -> tuple[dict[str, int], int]:
    """Return how many parts, by table, and files go with the rows that are ready.

    A part that is due by its own rule is not counted: it goes under that one.
    """
    free = rule.not_held(holds)
    found: dict[str, list[Sql]] = {}
    ready = Sql(f"t.ends_at <= %s AND {free.text}", (at, *free.params))
    _collect(rule.entry, ready, at, found)
    parts: dict[str, int] = {}
    files = 0
    for label, conditions in found.items():
        entry = graph()[label]
        rows = (
            f'FROM "{entry.model._meta.db_table}" t'
            f" WHERE ({' OR '.join(one.text for one in conditions)})"
        )
        params = [param for one in conditions for param in one.params]
        if label != rule.label and (count := _count(rows, params)):
            parts[label] = count
        for name in entry.file_fields:
            column = entry.model._meta.get_field(name).column  # type: ignore[union-attr]
            files += _count(f"{rows} AND t.\"{column}\" <> ''", params)
    return parts, files


def to_review(
    entry: Entry, reviewed: Reviewed, at: datetime
) -> tuple[int, datetime | None]:
    """Return how many rows are older than their review period, and the oldest anchor."""
    anchor = f't."{entry.model._meta.get_field(reviewed.anchor).column}"'  # type: ignore[union-attr]
    period = Period.parse(reviewed.period)
    roughly = (
        f"interval '{period.years * 12 + period.months} months"
        f" {period.weeks * 7 + period.days - 4} days {period.hours} hours'"
    )
    table = f'"{entry.model._meta.db_table}" t'
    # The rough condition is one for an index, the exact one is not.
    count = _count(
        f"FROM {table} WHERE {anchor} <= %s - {roughly} AND {ends_at_sql(period, anchor)} <= %s",
        [at, at],
    )
    (oldest,) = _row(f"min({anchor}) FROM {table}", [])
    return count, oldest


def _collect(
    entry: Entry, condition: Sql, at: datetime, found: dict[str, list[Sql]]
) -> None:
    """Gather, for a table and its parts at every depth, conditions for what goes."""
    found.setdefault(entry.label, []).append(condition)
    meta = entry.model._meta
    for model, column in parts_of(entry.model):
        if model is entry.model:
            continue
        part = graph().of(model)
        goes = f't."{column}" IN (SELECT t."{meta.pk.column}" FROM "{meta.db_table}" t WHERE {condition.text})'
        params = condition.params
        if isinstance(part.map.retention, Ends):
            goes, params = f"({goes} AND t.ends_at > %s)", (*params, at)
        _collect(part, Sql(goes, params), at, found)


def _count(rows: str, params: Sequence[Any]) -> int:
    return int(_row(f"count(*) {rows}", params)[0])


def _row(select: str, params: Sequence[Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {select}", params)
        row: tuple[Any, ...] = cursor.fetchone()
    return row
