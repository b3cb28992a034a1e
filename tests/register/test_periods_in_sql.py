from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from register.periods import Period, ends_at, ends_at_sql

pytestmark = pytest.mark.django_db

# The instants at which Finnish clocks change, on both sides of a leap year.
CLOCK_CHANGES = [
    datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 1, tzinfo=UTC),
    datetime(2027, 3, 28, 1, tzinfo=UTC),
    datetime(2027, 10, 31, 1, tzinfo=UTC),
    datetime(2028, 3, 26, 1, tzinfo=UTC),
    datetime(2028, 10, 29, 1, tzinfo=UTC),
]
PERIODS = [
    "P0D",
    "P1D",
    "P1W",
    "P364D",
    "P1M",
    "P3M",
    "P5M",
    "P7M",
    "P14M",
    "P1Y",
    "P2M10D",
    "PT1H",
    "PT72H",
    "P1DT1H",
]


@pytest.mark.parametrize("text", PERIODS)
def test_postgresql_agrees_with_python_around_every_change_of_the_clocks(text):
    period = Period.parse(text)
    # So that the end, too, falls near a change: begin one period before it.
    backwards = timedelta(days=(period.years * 12 + period.months) * 30)
    backwards += timedelta(weeks=period.weeks, days=period.days, hours=period.hours)
    anchors = [
        start + timedelta(minutes=minutes, microseconds=microseconds)
        for change in CLOCK_CHANGES
        for days in range(-6, 7)
        for start in (change, change - backwards + timedelta(days=days))
        for minutes in range(-120, 121, 30)
        for microseconds in (-1, 0, 1)
    ]

    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {ends_at_sql(period, 'anchor')}"
            " FROM unnest(%s::timestamptz[]) WITH ORDINALITY AS t(anchor, place)"
            " ORDER BY place",
            [anchors],
        )
        ends = [row[0] for row in cursor.fetchall()]

    assert ends == [ends_at(anchor, period) for anchor in anchors]


def test_postgresql_alone_would_take_the_second_of_a_repeated_hour():
    # If this ever fails, the detour in ends_at_sql has lost its reason.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT timestamp '2026-10-25 03:30' AT TIME ZONE 'Europe/Helsinki'"
        )

        assert cursor.fetchone() == (datetime(2026, 10, 25, 1, 30, tzinfo=UTC),)


def test_no_anchor_has_no_end():
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {ends_at_sql(Period(months=3), 'NULL::timestamptz')}")

        assert cursor.fetchone() == (None,)
