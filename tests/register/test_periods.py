from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, strategies as st

from register.periods import HELSINKI, Period, ends_at, ends_on

P3M = Period.parse("P3M")
P7M = Period.parse("P7M")
P1D = Period.parse("P1D")


def helsinki(*parts, fold=0):
    return datetime(*parts).replace(fold=fold, tzinfo=HELSINKI)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("P3M", Period(months=3)),
        ("P14M", Period(months=14)),
        ("P1Y6M", Period(years=1, months=6)),
        ("P2W", Period(weeks=2)),
        ("P30D", Period(days=30)),
        ("PT72H", Period(hours=72)),
        ("P1DT12H", Period(days=1, hours=12)),
        ("P0D", Period()),
    ],
)
def test_text_and_period_are_two_forms_of_one_thing(text, period):
    assert Period.parse(text) == period
    assert str(period) == text


@pytest.mark.parametrize(("text", "canonical"), [("P03M", "P3M"), ("P1Y0M", "P1Y")])
def test_other_spellings_become_canonical(text, canonical):
    assert str(Period.parse(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "3M",
        "P3",
        "p3m",
        "P-3M",
        "-P3M",
        "P1.5M",
        "P1M1Y",
        "PT5M",
        "PT5S",
        "P3M ",
        "P3M\n",
        "P٣M",
        "P1MT",
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match="not a period"):
        Period.parse(text)


def test_a_negative_period_is_refused():
    with pytest.raises(ValueError, match="negative"):
        Period(months=-1)


def test_periods_can_be_keys_and_cannot_change():
    assert {Period(months=3): "chat"}[Period.parse("P3M")] == "chat"
    with pytest.raises(AttributeError):
        P3M.months = 4


def test_one_month_and_two_further_months_are_three():
    assert Period(months=1) + Period(months=2) == P3M


def test_a_recording_of_31_july_ends_on_the_last_of_february():
    recorded_at = helsinki(2026, 7, 31, 14, 5, 6, 789012)

    assert ends_at(recorded_at, P7M) == helsinki(2027, 2, 28, 14, 5, 6, 789012)


@pytest.mark.parametrize("day", [28, 29, 30])
def test_chats_closed_on_the_last_days_of_november_end_together(day):
    assert ends_at(helsinki(2026, 11, day, 9), P3M) == helsinki(2027, 2, 28, 9)


def test_the_end_is_in_utc():
    assert ends_at(helsinki(2026, 1, 31, 9), P3M).tzinfo is UTC


def test_the_time_of_day_is_kept_across_summer_time():
    assert ends_at(helsinki(2026, 1, 31, 9), P3M) == datetime(
        2026, 4, 30, 6, tzinfo=UTC
    )


def test_a_weekend_or_holiday_does_not_move_the_end():
    assert ends_at(helsinki(2026, 9, 25, 12), P3M) == helsinki(2026, 12, 25, 12)


def test_the_day_is_the_local_one():
    # 22:30 UTC on the 31st is half past midnight on the first of February.
    assert ends_at(datetime(2026, 1, 31, 22, 30, tzinfo=UTC), P3M) == helsinki(
        2026, 5, 1, 0, 30
    )


def test_the_zone_of_the_anchor_does_not_matter():
    tokyo = timezone(timedelta(hours=9))
    anchor = helsinki(2026, 7, 31, 23, 30)

    assert ends_at(anchor.astimezone(tokyo), P7M) == ends_at(anchor, P7M)


def test_a_skipped_time_is_an_hour_later():
    # 29 March 2026: 03:00 becomes 04:00.
    assert ends_at(helsinki(2026, 3, 28, 3, 30), P1D) == helsinki(2026, 3, 29, 4, 30)


@pytest.mark.parametrize("fold", [0, 1])
def test_a_repeated_time_is_its_first_occurrence(fold):
    # 25 October 2026: 04:00 becomes 03:00. A day of 2025 repeats the same hour.
    assert ends_at(helsinki(2026, 10, 24, 3, 30), P1D) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )
    repeated = helsinki(2025, 10, 26, 3, 30, fold=fold)
    assert ends_at(repeated, Period(days=364)) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


@pytest.mark.parametrize("fold", [0, 1])
def test_no_period_at_all_ends_where_it_began(fold):
    anchor = helsinki(2026, 10, 25, 3, 30, fold=fold)

    assert ends_at(anchor, Period()) == anchor.astimezone(UTC)


def test_hours_are_elapsed_time():
    anchor = helsinki(2026, 3, 28, 12)

    assert ends_at(anchor, Period.parse("PT72H")) == helsinki(2026, 3, 31, 13)
    assert ends_at(anchor, Period.parse("P3D")) == helsinki(2026, 3, 31, 12)


def test_a_naive_anchor_is_refused():
    with pytest.raises(ValueError, match="aware"):
        ends_at(datetime(2026, 1, 31, 9), P3M)  # noqa: DTZ001  (that is the point)


@pytest.mark.parametrize("period", [Period(years=9000), Period(days=9_999_999)])
def test_an_end_past_the_calendar_is_refused(period):
    with pytest.raises(OverflowError, match="9999"):
        ends_at(helsinki(2026, 1, 31, 9), period)


def test_a_day_has_no_hours():
    with pytest.raises(ValueError, match="hours"):
        ends_on(date(2026, 1, 31), Period.parse("PT72H"))


anchors = st.datetimes(
    datetime(1990, 1, 1),  # noqa: DTZ001  (hypothesis adds the zone)
    datetime(2080, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
calendar_periods = st.builds(
    Period,
    years=st.integers(0, 15),
    months=st.integers(0, 40),
    weeks=st.integers(0, 10),
    days=st.integers(0, 400),
)


@given(st.builds(Period, *[st.integers(0, 9999)] * 5))
def test_every_period_survives_its_text(period):
    assert Period.parse(str(period)) == period


@given(anchors, calendar_periods)
def test_the_wall_clock_shows_the_same_time_unless_it_is_skipped(anchor, period):
    began = anchor.astimezone(HELSINKI)
    ended = ends_at(anchor, period).astimezone(HELSINKI)

    assert ended.date() == ends_on(began.date(), period)
    skipped_hour = timedelta(hours=(ended.hour - began.hour))
    assert skipped_hour in (timedelta(0), timedelta(hours=1))
    if skipped_hour:
        assert (ended.month, ended.hour) == (3, 4)


@given(anchors, anchors, calendar_periods)
def test_a_later_beginning_never_ends_earlier_by_more_than_the_clock_change(
    one, other, period
):
    earlier, later = sorted((one, other))

    assert ends_at(earlier, period) <= ends_at(later, period) + timedelta(hours=1)
