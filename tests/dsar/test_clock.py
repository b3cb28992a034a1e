from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, strategies as st

from dsar.clock import (
    ClockError,
    Closed,
    Extended,
    Received,
    Resumed,
    Suspended,
    due_on,
    fold,
)
from register.periods import HELSINKI, Period
from register.working_days import FINNISH_HOLIDAYS, is_working_day

RESPONSE = Period.parse("P1M")
EXTENSION = Period.parse("P2M")


def noon(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}T12:00").replace(tzinfo=HELSINKI)


def day(text: str) -> date:
    return date.fromisoformat(text)


def state(*events, at):
    return fold(events, response=RESPONSE, extension=EXTENSION, at=noon(at))


def refusal(*events, at="2027-12-31"):
    with pytest.raises(ClockError) as caught:
        state(*events, at=at)
    assert caught.value.message.endswith(".")
    return caught.value.code


# LEGAL 3.1: received, nominal, due, extended due.
VECTORS = [
    ("2025-01-31", "2025-02-28", "2025-02-28", "2025-04-30"),
    ("2026-01-31", "2026-02-28", "2026-03-02", "2026-04-30"),
    ("2026-01-29", "2026-02-28", "2026-03-02", "2026-04-29"),
    ("2026-01-30", "2026-02-28", "2026-03-02", "2026-04-30"),
    ("2027-01-31", "2027-02-28", "2027-03-01", "2027-04-30"),
    ("2028-01-31", "2028-02-29", "2028-02-29", "2028-05-02"),
    ("2026-03-05", "2026-04-05", "2026-04-07", "2026-06-05"),
    ("2024-02-29", "2024-03-29", "2024-04-02", "2024-05-29"),
    ("2026-04-01", "2026-05-01", "2026-05-04", "2026-07-01"),
    ("2026-04-14", "2026-05-14", "2026-05-15", "2026-07-14"),
    ("2026-05-19", "2026-06-19", "2026-06-19", "2026-08-19"),
    ("2026-05-20", "2026-06-20", "2026-06-22", "2026-08-20"),
    ("2026-08-31", "2026-09-30", "2026-09-30", "2026-11-30"),
    ("2026-11-06", "2026-12-06", "2026-12-07", "2027-02-08"),
    ("2025-11-24", "2025-12-24", "2025-12-24", "2026-02-24"),
    ("2025-11-25", "2025-12-25", "2025-12-29", "2026-02-25"),
    ("2025-12-01", "2026-01-01", "2026-01-02", "2026-03-02"),
    ("2026-12-06", "2027-01-06", "2027-01-07", "2027-03-08"),
]


@pytest.mark.parametrize(("received", "nominal", "due", "extended_due"), VECTORS)
def test_days_of_the_legal_table(received, nominal, due, extended_due):
    receipt = Received(noon(received))

    base = state(receipt, at=received)
    extended = state(receipt, Extended(noon(received), "Seven systems."), at=received)

    assert due_on(noon(received), response=RESPONSE) == day(due)
    assert (base.received_on, base.nominal_on, base.due_on) == (
        day(received),
        day(nominal),
        day(due),
    )
    assert extended.due_on == day(extended_due)


def test_the_day_of_receipt_is_the_local_one():
    received_at = datetime(2026, 1, 31, 22, 30, tzinfo=UTC)

    clock = fold(
        [Received(received_at)],
        response=RESPONSE,
        extension=EXTENSION,
        at=received_at,
    )

    assert clock.received_on == day("2026-02-01")
    assert clock.nominal_on == day("2026-03-01")
    assert clock.due_on == day("2026-03-02")


@pytest.mark.parametrize("year", range(2020, 2041))
def test_holidays_are_the_thirteen_of_the_law(year):
    first = date(year, 1, 1)
    all_days = [first + timedelta(days=n) for n in range(366)]
    holidays = [one for one in all_days if one.year == year and one in FINNISH_HOLIDAYS]

    easter = next(one for one in holidays if one.month in (3, 4) and one.weekday() == 6)
    expected = {
        first,
        date(year, 1, 6),
        easter - timedelta(days=2),
        easter,
        easter + timedelta(days=1),
        date(year, 5, 1),
        easter + timedelta(days=39),
        easter + timedelta(days=49),
        next(d for d in all_days if d >= date(year, 6, 20) and d.weekday() == 5),
        next(d for d in all_days if d >= date(year, 10, 31) and d.weekday() == 5),
        date(year, 12, 6),
        date(year, 12, 25),
        date(year, 12, 26),
    }
    assert set(holidays) == expected


def test_other_holidays_can_be_given():
    strike = {day("2026-09-30")}

    assert due_on(noon("2026-08-31"), response=RESPONSE, holidays=strike) == day(
        "2026-10-01"
    )


def test_days_left_count_down_to_the_due_date_and_past_it():
    receipt = Received(noon("2026-08-31"))

    shown = [
        (clock.days_left, clock.is_overdue)
        for clock in (
            state(receipt, at="2026-08-31"),
            state(receipt, at="2026-09-30"),
            state(receipt, at="2026-10-01"),
        )
    ]

    assert shown == [(30, False), (0, False), (-1, True)]


def test_the_last_day_lasts_until_local_midnight():
    receipt = Received(noon("2026-08-31"))
    last_moment = datetime(2026, 9, 30, 20, 59, 59, tzinfo=UTC)

    clocks = [
        fold([receipt], response=RESPONSE, extension=EXTENSION, at=at)
        for at in (last_moment, last_moment + timedelta(seconds=1))
    ]

    assert [clock.is_overdue for clock in clocks] == [False, True]


def test_a_suspension_moves_the_due_date_by_its_local_days():
    clock = state(
        Received(noon("2026-08-31")),
        Suspended(noon("2026-09-01"), "identity"),
        Resumed(noon("2026-09-08")),
        at="2026-09-08",
    )

    assert clock.days_suspended == 7
    assert clock.nominal_on == day("2026-09-30")
    assert clock.due_on == day("2026-10-07")
    assert not clock.suspended


def test_the_moved_due_date_rolls_forward():
    # 30 September and ten days: a Saturday.
    clock = state(
        Received(noon("2026-08-31")),
        Suspended(noon("2026-09-01"), "identity"),
        Resumed(noon("2026-09-11")),
        at="2026-09-11",
    )

    assert clock.due_on == day("2026-10-12")


def test_suspensions_add_up():
    clock = state(
        Received(noon("2026-08-31")),
        Suspended(noon("2026-09-01"), "identity"),
        Resumed(noon("2026-09-03")),
        Suspended(noon("2026-09-10"), "which of two accounts"),
        Resumed(noon("2026-09-15")),
        at="2026-09-15",
    )

    assert (clock.days_suspended, clock.due_on) == (7, day("2026-10-07"))


def test_a_running_suspension_moves_the_due_date_every_day():
    events = [
        Received(noon("2026-08-31")),
        Suspended(noon("2026-09-01"), "identity"),
    ]

    clock = state(*events, at="2026-11-10")

    assert clock.suspended
    assert clock.days_suspended == 70
    assert clock.due_on == day("2026-12-09")
    assert not clock.is_overdue


def test_a_suspension_on_a_day_won_by_the_roll_forward_keeps_it():
    # Due on Saturday 28 February, so on Monday 2 March.
    clock = state(
        Received(noon("2026-01-31")),
        Suspended(noon("2026-03-02"), "identity"),
        Resumed(noon("2026-03-05")),
        at="2026-03-05",
    )

    assert (clock.due_on, clock.days_left) == (day("2026-03-05"), 0)


def test_an_extension_is_counted_from_receipt_and_moves_with_suspensions():
    clock = state(
        Received(noon("2026-01-31")),
        Suspended(noon("2026-02-02"), "identity"),
        Resumed(noon("2026-02-09")),
        Extended(noon("2026-03-09"), "Seven systems."),
        at="2026-03-10",
    )

    assert clock.extended
    assert clock.nominal_on == day("2026-04-30")
    assert clock.due_on == day("2026-05-07")


def test_an_extension_may_still_be_told_on_the_rolled_due_date():
    clock = state(
        Received(noon("2026-01-31")),
        Extended(noon("2026-03-02"), "Seven systems."),
        at="2026-03-02",
    )

    assert clock.due_on == day("2026-04-30")


def test_closing_stops_the_clock():
    clock = state(
        Received(noon("2026-08-31")),
        Closed(noon("2026-09-20")),
        at="2027-09-20",
    )

    assert clock.closed_on == day("2026-09-20")
    assert (clock.days_left, clock.is_overdue) == (10, False)


def test_closing_late_stays_late():
    clock = state(
        Received(noon("2026-08-31")),
        Closed(noon("2026-10-02")),
        at="2027-09-20",
    )

    assert (clock.days_left, clock.is_overdue) == (-2, True)


def test_closing_ends_a_suspension():
    clock = state(
        Received(noon("2026-08-31")),
        Suspended(noon("2026-09-01"), "identity"),
        Closed(noon("2026-09-08")),
        at="2027-09-20",
    )

    assert (clock.suspended, clock.days_suspended) == (False, 7)


def test_what_comes_later_has_not_happened_yet():
    clock = state(
        Received(noon("2026-08-31")),
        Extended(noon("2026-09-20"), "Seven systems."),
        Closed(noon("2026-09-25")),
        at="2026-09-19",
    )

    assert not clock.extended
    assert clock.closed_on is None


RECEIPT = Received(noon("2026-08-31"))  # due on 30 September
ASKED = Suspended(noon("2026-09-10"), "identity")


@pytest.mark.parametrize(
    ("code", "events"),
    [
        ("not_received", []),
        ("before_receipt", [ASKED, RECEIPT]),
        ("before_receipt", [Closed(noon("2026-09-10"))]),
        ("out_of_order", [RECEIPT, Closed(noon("2026-08-30"))]),
        ("already_received", [RECEIPT, RECEIPT]),
        ("already_suspended", [RECEIPT, ASKED, ASKED]),
        ("not_suspended", [RECEIPT, Resumed(noon("2026-09-10"))]),
        ("reason_missing", [RECEIPT, Suspended(noon("2026-09-10"), " ")]),
        ("suspended_too_late", [RECEIPT, Suspended(noon("2026-10-01"), "identity")]),
        ("reasons_missing", [RECEIPT, Extended(noon("2026-09-10"), "")]),
        ("extended_too_late", [RECEIPT, Extended(noon("2026-10-01"), "Much.")]),
        (
            "already_extended",
            [
                RECEIPT,
                Extended(noon("2026-09-10"), "Much."),
                Extended(noon("2026-09-11"), "More."),
            ],
        ),
        ("closed", [RECEIPT, Closed(noon("2026-09-10")), Resumed(noon("2026-09-11"))]),
    ],
)
def test_impossible_order_is_refused(code, events):
    assert refusal(*events) == code


def test_there_is_no_clock_before_receipt():
    assert refusal(RECEIPT, at="2026-08-30") == "not_received"


def test_a_naive_time_is_refused():
    naive = datetime(2026, 8, 31)  # noqa: DTZ001  (that is the point)

    with pytest.raises(ValueError, match="aware"):
        state(Received(naive), at="2026-08-31")
    with pytest.raises(ValueError, match="aware"):
        due_on(naive, response=RESPONSE)


days = st.dates(date(2000, 1, 1), date(2090, 12, 31))


def at_noon(one: date) -> datetime:
    return datetime(one.year, one.month, one.day, 12, tzinfo=HELSINKI)


def fold_at(at: date, *events):
    return fold(events, response=RESPONSE, extension=EXTENSION, at=at_noon(at))


@given(days)
def test_due_dates_are_working_days_and_never_before_the_nominal_day(received_on):
    receipt = Received(at_noon(received_on))
    base = fold_at(received_on, receipt)
    extended = fold_at(received_on, receipt, Extended(at_noon(received_on), "Much."))

    for clock in (base, extended):
        assert is_working_day(clock.due_on)
        assert clock.nominal_on <= clock.due_on <= clock.nominal_on + timedelta(days=5)
    assert extended.due_on >= base.due_on


@given(days, days)
def test_a_later_receipt_is_never_due_earlier(one, other):
    earlier, later = sorted((one, other))

    assert due_on(at_noon(earlier), response=RESPONSE) <= due_on(
        at_noon(later), response=RESPONSE
    )


@given(days, st.integers(0, 27))
def test_a_suspension_of_no_days_changes_nothing(received_on, after):
    receipt = Received(at_noon(received_on))
    moment = at_noon(received_on + timedelta(days=after))
    at = moment.date()

    assert fold_at(
        at, receipt, Suspended(moment, "identity"), Resumed(moment)
    ) == fold_at(at, receipt)


@given(days, st.integers(0, 27), st.integers(0, 400))
def test_a_suspension_gives_back_its_days_and_is_never_overdue(
    received_on, after, length
):
    receipt = Received(at_noon(received_on))
    asked_on = received_on + timedelta(days=after)
    answered_on = asked_on + timedelta(days=length)
    asked = Suspended(at_noon(asked_on), "identity")

    before = fold_at(asked_on, receipt)
    running = fold_at(answered_on, receipt, asked)
    resumed = fold_at(answered_on, receipt, asked, Resumed(at_noon(answered_on)))

    assert not running.is_overdue
    assert running.due_on == resumed.due_on
    assert resumed.days_left >= before.days_left
    assert resumed.due_on >= before.due_on + timedelta(days=length)
    assert is_working_day(resumed.due_on)


@given(days, st.integers(0, 27))
def test_the_due_date_does_not_change_by_waiting(received_on, wait):
    receipt = Received(at_noon(received_on))
    later = received_on + timedelta(days=wait)

    assert fold_at(later, receipt).due_on == fold_at(received_on, receipt).due_on
