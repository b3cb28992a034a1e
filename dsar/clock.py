"""The legal clock of a request: when an answer is due, and why then.

A pure fold. The events of a request go in, the state of its clock comes out, and
nothing is stored, looked up or read from the system time. Whoever shows, sends or
refuses because of a deadline asks here, so that every place gives the same day.

The rules are Art. 12(3) and (4) GDPR counted as Regulation (EEC, Euratom) 1182/71
Art. 3 counts: the day of receipt is left out, a month ends on the same-numbered day
or on the last of the month, and a last day that is no working day moves to the next
one. All days are local days in Finland. The lengths (one month, two further months) are
dated data and are passed in.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import date, datetime

from register.periods import HELSINKI, Period, ends_on
from register.working_days import FINNISH_HOLIDAYS, ONE_DAY, rolled_forward


class ClockError(ValueError):
    """The events of a request cannot have happened like this.

    `code` is stable and for programs; `message` is a sentence for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True)
class Received:
    """The request reached the controller, by whatever channel."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Suspended:
    """The person was asked for what the answer cannot do without, such as identity."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """What the clock waited for arrived."""

    at: datetime


@dataclass(frozen=True, slots=True)
class Extended:
    """The person was told that more time is needed, and why (Art. 12(3))."""

    at: datetime
    reasons: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The answer reached the person; the clock stands still from here on."""

    at: datetime


Event = Received | Suspended | Resumed | Extended | Closed


@dataclass(frozen=True, slots=True)
class ClockState:
    """What the clock shows at one instant. All dates are local days in Finland."""

    received_on: date
    nominal_on: date
    """Last day by the calendar alone: no suspension, no roll-forward."""
    due_on: date
    """Last day on which the answer is in time."""
    extended: bool
    suspended: bool
    days_suspended: int
    """Whole local days, those of a suspension still running included."""
    closed_on: date | None
    is_overdue: bool
    """Closed after the due date, or past it and still open."""
    days_left: int
    """Days until the due date, from the day of closing once closed; negative after."""


def due_on(
    received_at: datetime,
    *,
    response: Period,
    holidays: Container[date] = FINNISH_HOLIDAYS,
) -> date:
    """Return the last day to answer a request that nothing suspended or extended.

    Raises ValueError if `received_at` is naive or the period has hours.
    """
    return rolled_forward(ends_on(_local_day(received_at), response), holidays)


def fold(
    events: Iterable[Event],
    *,
    response: Period,
    extension: Period,
    at: datetime,
    holidays: Container[date] = FINNISH_HOLIDAYS,
) -> ClockState:
    """Return what the clock of a request shows at an instant.

    `events` are in the order of their times; later ones than `at` have not happened
    yet. `response` is the time to answer (one month), `extension` the *further* time
    that an extension adds (two months). An extended period is counted from receipt
    with the sum of both, never from the end of the first.

    Each suspension moves the due date by its local days, and then to a working day.
    A suspension or extension counts only if it happened by the due date as it stood.

    Raises ClockError for an order of events that the law does not know, ValueError
    for a naive datetime or a period with hours.
    """
    clock = _Clock(response, extension, holidays)
    today = _local_day(at)
    for event in events:
        _local_day(event.at)  # a naive time is an error even in an unused event
        clock.check_order(event)
        if event.at <= at:
            clock.take(event)
    return clock.state(today)


class _Clock:
    """The running values of one fold. It never leaves this module."""

    def __init__(
        self, response: Period, extension: Period, holidays: Container[date]
    ) -> None:
        self.response = response
        self.extension = extension
        self.holidays = holidays
        self.previous_at: datetime | None = None
        self.received_on: date | None = None
        self.suspended_on: date | None = None
        self.suspensions: list[int] = []
        self.extended = False
        self.closed_on: date | None = None

    def check_order(self, event: Event) -> None:
        if self.previous_at is None:
            if not isinstance(event, Received):
                raise ClockError(
                    "before_receipt", "A request must be received before all else."
                )
        elif event.at < self.previous_at:
            raise ClockError("out_of_order", "The events are not in order of time.")
        self.previous_at = event.at

    def take(self, event: Event) -> None:
        if self.closed_on is not None:
            raise ClockError("closed", "The request is closed; its clock has stopped.")
        day = _local_day(event.at)
        match event:
            case Received():
                self.receive(day)
            case Suspended():
                self.suspend(day, event.reason)
            case Resumed():
                self.resume(day)
            case Extended():
                self.extend(day, event.reasons)
            case Closed():
                self.close(day)

    def receive(self, day: date) -> None:
        if self.received_on is not None:
            raise ClockError("already_received", "The request was received before.")
        self.received_on = day

    def suspend(self, day: date, reason: str) -> None:
        if self.suspended_on is not None:
            raise ClockError("already_suspended", "The clock is suspended already.")
        if not reason.strip():
            raise ClockError("reason_missing", "A suspension needs its reason.")
        if day > self.due_on(day):
            raise ClockError(
                "suspended_too_late", "The time to answer is over; it cannot wait now."
            )
        self.suspended_on = day

    def resume(self, day: date) -> None:
        if self.suspended_on is None:
            raise ClockError("not_suspended", "The clock is not suspended.")
        self.suspensions.append((day - self.suspended_on).days)
        self.suspended_on = None

    def extend(self, day: date, reasons: str) -> None:
        if self.extended:
            raise ClockError(
                "already_extended", "The time to answer can be extended only once."
            )
        if not reasons.strip():
            raise ClockError(
                "reasons_missing", "The person must be told why more time is needed."
            )
        if day > self.due_on(day):
            raise ClockError(
                "extended_too_late",
                "An extension must be told within the first time to answer.",
            )
        self.extended = True

    def close(self, day: date) -> None:
        if self.suspended_on is not None:
            self.resume(day)
        self.closed_on = day

    def nominal_on(self) -> date:
        assert self.received_on is not None  # noqa: S101  (check_order sees to it)
        period = self.response + self.extension if self.extended else self.response
        return ends_on(self.received_on, period)

    def days_suspended(self, today: date) -> list[int]:
        if self.suspended_on is None:
            return self.suspensions
        return [*self.suspensions, (today - self.suspended_on).days]

    def due_on(self, today: date) -> date:
        due = rolled_forward(self.nominal_on(), self.holidays)
        # One by one: a suspension that begins on a day the roll-forward has won
        # keeps that day.
        for days in self.days_suspended(today):
            due = rolled_forward(due + days * ONE_DAY, self.holidays)
        return due

    def state(self, today: date) -> ClockState:
        if self.received_on is None:
            raise ClockError("not_received", "The request has not been received yet.")
        seen_on = today if self.closed_on is None else self.closed_on
        due = self.due_on(seen_on)
        return ClockState(
            received_on=self.received_on,
            nominal_on=self.nominal_on(),
            due_on=due,
            extended=self.extended,
            suspended=self.suspended_on is not None,
            days_suspended=sum(self.days_suspended(seen_on)),
            closed_on=self.closed_on,
            is_overdue=seen_on > due,
            days_left=(due - seen_on).days,
        )


def _local_day(at: datetime) -> date:
    """Return the day in Finland, which may be the one after the day in UTC."""
    if at.utcoffset() is None:
        raise ValueError("The clock needs aware datetimes.")
    return at.astimezone(HELSINKI).date()
