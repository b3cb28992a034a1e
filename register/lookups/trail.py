"""Questions to the audit trail. Each begins with an index and an entry to begin from.

A plan that reads the trail whole is a job that takes longer each year: OFFSET 0 keeps
the planner to the ranges of a seal, of which it knows nothing.
"""

from __future__ import annotations

import dataclasses
import json
import uuid
from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection

from register.database.arrays import array
from register.periods import HELSINKI

# Entries by which somebody saw a person's data; each app may add its own.
LOOKS = {"record.viewed", "record.revealed", "address.revealed"}
# Entries that say how many rows of people were shown.
LISTS = {"record.listed", "register.searched"}
REFUSED = "record.refused"

_ENTRIES = """
    SELECT e.id, e.at, e.action, e.actor_kind, e.actor_id, e.subject_id
    FROM jsonb_array_elements(%s::jsonb) r
    CROSS JOIN LATERAL (
        SELECT * FROM register_auditentry
        WHERE id BETWEEN (r->>0)::bigint AND (r->>1)::bigint OFFSET 0) e
    WHERE e.actor_kind IN ('staff', 'api_key') AND e.actor_id ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
        AND (e.action = ANY(%s) AND e.subject_id IS NOT NULL
            OR e.action = ANY(%s) AND e.object_type = %s OR e.action = %s)
    ORDER BY e.id
"""
_DAYS = """
    SELECT k.actor_id, k.day, c.looks, c.people, h.most, c.listed, c.refused
    FROM unnest(%s::text[], %s::date[], %s::bigint[], %s::timestamptz[], %s::timestamptz[])
        AS k (actor_id, day, first, begins, ends)
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE is_look) AS looks,
            count(DISTINCT subject_id) FILTER (WHERE is_look) AS people,
            coalesce(sum((details->>'count')::int) FILTER (WHERE is_list), 0) AS listed,
            count(*) FILTER (WHERE action = %s) AS refused
        FROM (SELECT *, action = ANY(%s) AND subject_id IS NOT NULL AS is_look,
                action = ANY(%s) AND object_type = %s AS is_list
            FROM register_auditentry e
            WHERE e.actor_id = k.actor_id AND e.id BETWEEN k.first AND %s
                AND e.at >= k.begins AND e.at < k.ends) e) c
    CROSS JOIN LATERAL (
        SELECT coalesce(max(people), 0) AS most FROM (
            SELECT count(DISTINCT subject_id) AS people FROM register_auditentry e
            WHERE e.actor_id = k.actor_id AND e.id BETWEEN k.first AND %s
                AND e.at >= k.begins AND e.at < k.ends AND action = ANY(%s)
            GROUP BY date_trunc('hour', e.at)) hours) h
"""
_LOOKS_OF = """
    SELECT id, at, action, actor_kind, actor_id, subject_id FROM register_auditentry
    WHERE actor_id = %s AND id BETWEEN %s AND %s AND at >= %s AND at < %s
        AND action = ANY(%s)
    ORDER BY id LIMIT 20000
"""
_EDGES_OF = """
    (SELECT id, at, action, actor_kind, actor_id, subject_id FROM register_auditentry
    WHERE actor_id = %s AND id BETWEEN %s AND %s AND at >= %s AND at < %s
        AND action = ANY(%s) ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT id, at, action, actor_kind, actor_id, subject_id FROM register_auditentry
    WHERE actor_id = %s AND id BETWEEN %s AND %s AND at >= %s AND at < %s
        AND action = ANY(%s) ORDER BY id DESC LIMIT 1)
    ORDER BY id
"""
# Of pairs of an account and a person: on how many days, and whether work was done.
_CASES = """
    SELECT k.actor_id, k.subject_id, c.days, c.first, c.last
    FROM unnest(%s::text[], %s::uuid[], %s::timestamptz[]) AS k (actor_id, subject_id, begins)
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT (at AT TIME ZONE 'Europe/Helsinki')::date)
                FILTER (WHERE action = ANY(%s)) AS days,
            min(id) AS first, max(id) AS last, bool_or(action <> ALL(%s)) AS worked
        FROM register_auditentry e
        WHERE e.subject_id = k.subject_id AND e.id BETWEEN %s AND %s
            AND e.actor_id = k.actor_id AND e.at >= k.begins) c
    WHERE c.days >= %s AND NOT c.worked
"""
_ACCOUNTS = """
    SELECT k.subject_id, c.accounts, c.first, c.last
    FROM unnest(%s::uuid[], %s::timestamptz[]) AS k (subject_id, begins)
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT actor_id) AS accounts, min(id) AS first, max(id) AS last
        FROM register_auditentry e
        WHERE e.subject_id = k.subject_id AND e.id BETWEEN %s AND %s
            AND e.actor_kind = 'staff' AND e.at >= k.begins AND e.action = ANY(%s)) c
    WHERE c.accounts >= %s
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """What watching needs of an entry."""

    id: int
    at: datetime
    action: str
    actor_kind: str
    actor_id: str
    subject_id: uuid.UUID | None

    @property
    def day(self) -> date:
        """The local day."""
        return self.at.astimezone(HELSINKI).date()

    @property
    def is_look(self) -> bool:
        """Whether somebody saw a person's data by it."""
        return self.subject_id is not None and self.action in LOOKS


@dataclasses.dataclass(frozen=True, slots=True)
class DayCount:
    """What one account did on one local day."""

    looks: int
    people: int
    people_in_hour: int
    listed: int
    refused: int


def bounds(day: date) -> tuple[datetime, datetime]:
    """Return the first instant of a local day and of the next: 23 to 25 hours."""
    return (
        datetime.combine(day, time.min, HELSINKI),
        datetime.combine(day + timedelta(days=1), time.min, HELSINKI),
    )


def entries_in(ranges: list[list[int]], *, lists_of: str) -> list[Entry]:
    """Return the entries in ranges of numbers by which somebody saw people's data."""
    return [
        Entry(*row)
        for row in _rows(
            _ENTRIES,
            [json.dumps(ranges), list(LOOKS), list(LISTS), lists_of, REFUSED],
        )
    ]


def count_days(
    days: Sequence[tuple[str, date, int]], *, last: int, lists_of: str
) -> dict[tuple[str, date], DayCount]:
    """Count what accounts did on days, each from an entry on and none after ``last``."""
    begins = [bounds(day) for _, day, _ in days]
    rows = _rows(
        _DAYS,
        [
            [actor for actor, _, _ in days],
            [day for _, day, _ in days],
            [first for _, _, first in days],
            [start for start, _ in begins],
            [end for _, end in begins],
            REFUSED,
            list(LOOKS),
            list(LISTS),
            lists_of,
            last,
            last,
            list(LOOKS),
        ],
    )
    return {
        (actor, day): DayCount(looks, people, most, listed, refused)
        for actor, day, looks, people, most, listed, refused in rows
    }


def looks_of(
    actor_id: str,
    day: date,
    *,
    actions: Collection[str],
    first: int,
    last: int,
    after: datetime | None,
) -> list[Entry]:
    """Return the entries of one account on a day, of some actions, ``after`` an instant."""
    start, end = bounds(day)
    if after is not None:
        start = max(start, after + timedelta(microseconds=1))
    rows = _rows(_LOOKS_OF, [actor_id, first, last, start, end, list(actions)])
    return [Entry(*row) for row in rows]


def first_and_last(
    actor_id: str, day: date, *, actions: Collection[str], first: int, last: int
) -> list[Entry]:
    """Return the first and the last entry of :func:`looks_of`, without all between."""
    start, end = bounds(day)
    asked = [actor_id, first, last, start, end, list(actions)]
    return [Entry(*row) for row in _rows(_EDGES_OF, asked * 2)]


def looks_without_work(
    pairs: Sequence[tuple[str, uuid.UUID, datetime]],
    *,
    first: int,
    last: int,
    days: int,
) -> list[tuple[str, uuid.UUID, int, int, int]]:
    """Return account, person, days and entries of those who only ever looked."""
    return _rows(
        _CASES,
        [
            [actor for actor, _, _ in pairs],
            array([person for _, person, _ in pairs]),
            [since for _, _, since in pairs],
            list(LOOKS),
            [*LOOKS, *LISTS, REFUSED],
            first,
            last,
            days,
        ],
    )


def looked_at_by_many(
    people: Sequence[tuple[uuid.UUID, datetime]],
    *,
    first: int,
    last: int,
    accounts: int,
) -> list[tuple[uuid.UUID, int, int, int]]:
    """Return person, number of accounts and entries of those whom many looked at."""
    return _rows(
        _ACCOUNTS,
        [
            array([person for person, _ in people]),
            [since for _, since in people],
            first,
            last,
            list(LOOKS),
            accounts,
        ],
    )


def _rows(sql: str, params: Collection[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, list(params))
        return list(cursor.fetchall())
