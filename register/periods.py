"""Periods of law and notice: three months, fourteen months, seventy-two hours.

A period of years, months, weeks or days is counted on the calendar and the clock
on the wall in Finland; a period of hours is elapsed time. The two never turn into
each other: P3D and PT72H end an hour apart when the clocks change.

The same rule is offered twice, for one instant in Python and as an SQL expression
for whole tables. A test compares them around every change of the clocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

HELSINKI = ZoneInfo("Europe/Helsinki")

# Not isodate: it reads P3D and PT72H as the same timedelta, and P2W as 14 days.
_ISO_8601 = re.compile(
    r"P(?=[0-9T])"
    r"(?:(?P<years>[0-9]{1,4})Y)?"
    r"(?:(?P<months>[0-9]{1,5})M)?"
    r"(?:(?P<weeks>[0-9]{1,6})W)?"
    r"(?:(?P<days>[0-9]{1,7})D)?"
    r"(?:T(?P<hours>[0-9]{1,8})H)?"
)


@dataclass(frozen=True, slots=True)
class Period:
    """A period in whole years, months, weeks, days and hours (ISO 8601-1, 5.5.2).

    Equal means written the same: P12M and P1Y end together but are two periods.
    """

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    hours: int = 0

    def __post_init__(self) -> None:
        if min(self.years, self.months, self.weeks, self.days, self.hours) < 0:
            raise ValueError("A period cannot be negative.")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a period such as P3M, P1Y6M, P2W or PT72H.

        Raises ValueError for anything else, fractions, minutes and signs included.
        """
        match = _ISO_8601.fullmatch(text)
        if match is None:
            raise ValueError(
                f"{text!r} is not a period of whole years, months, weeks, days and "
                "hours, such as P3M or PT72H."
            )
        return cls(**{unit: int(n) for unit, n in match.groupdict(default="0").items()})

    def __str__(self) -> str:
        """Return the ISO 8601 text, without units that are nought; P0D if all are."""
        calendar = "".join(
            f"{number}{letter}"
            for number, letter in (
                (self.years, "Y"),
                (self.months, "M"),
                (self.weeks, "W"),
                (self.days, "D"),
            )
            if number
        )
        clock = f"T{self.hours}H" if self.hours else ""
        return f"P{calendar}{clock}" if calendar or clock else "P0D"

    def __add__(self, other: Period) -> Period:
        """Add unit by unit: one month and two further months are three months."""
        return Period(
            years=self.years + other.years,
            months=self.months + other.months,
            weeks=self.weeks + other.weeks,
            days=self.days + other.days,
            hours=self.hours + other.hours,
        )

    @property
    def has_calendar_part(self) -> bool:
        """Whether any of it is counted on the calendar rather than in elapsed time."""
        return bool(self.years or self.months or self.weeks or self.days)


def ends_on(day: date, period: Period) -> date:
    """Return the last day of a period that an event on `day` started.

    A period in months ends on the same-numbered day, or on the last day of the
    month if it has no such day (Regulation 1182/71 Art. 3(2)(c)). No roll-forward:
    weekends and holidays are the business of the legal clock.

    Raises ValueError for a period with hours, OverflowError past the year 9999.
    """
    if period.hours:
        raise ValueError(f"{period} has hours, so it does not end with a day.")
    return _moved(day, period)


def ends_at(anchor: datetime, period: Period) -> datetime:
    """Return the instant, in UTC, at which a period that began at `anchor` ends.

    Years, months, weeks and days move the Helsinki wall clock and keep its time of
    day to the microsecond. A wall-clock time that the change to summer time skips
    is read an hour later; one that the change back repeats is its first occurrence.
    Hours are then added as elapsed time.

    Raises ValueError if `anchor` is naive, OverflowError past the year 9999.
    """
    if anchor.utcoffset() is None:
        raise ValueError("A period needs an aware datetime to start from.")
    end = anchor.astimezone(UTC)
    # Through the wall clock only when needed: the way there and back would put an
    # anchor in the repeated hour an hour early.
    if period.has_calendar_part:
        local = anchor.astimezone(HELSINKI)
        wall = datetime.combine(_moved(local.date(), period), local.time())
        # fold=0 is both rules at once: the offset from before the change.
        end = wall.replace(tzinfo=HELSINKI, fold=0).astimezone(UTC)
    return end + timedelta(hours=period.hours)


def ends_at_sql(period: Period, anchor: str) -> str:
    """Return a PostgreSQL expression with the same value as `ends_at`.

    `anchor` is the SQL of a timestamptz, such as a quoted column; it is repeated,
    so it should cost little and must not be volatile. It goes into the statement
    as it is: never pass anything a user typed. The result holds no `%`, so it can
    stand in a statement with parameters; it is null where the anchor is.
    """
    end = f"({anchor})"
    if period.has_calendar_part:
        months = period.years * 12 + period.months
        days = period.weeks * 7 + period.days
        wall = (
            f"(({anchor}) AT TIME ZONE '{HELSINKI.key}'"
            f" + interval '{months} months {days} days')"
        )
        # PostgreSQL reads a repeated hour as its second occurrence. An hour earlier
        # on the wall, then an hour later in time, is the first one; everywhere else
        # that detour ends at the same instant or, past the skipped hour, later.
        end = (
            f"LEAST({wall} AT TIME ZONE '{HELSINKI.key}',"
            f" ({wall} - interval '1 hour') AT TIME ZONE '{HELSINKI.key}'"
            " + interval '1 hour')"
        )
    if period.hours:
        end = f"({end} + interval '{period.hours} hours')"
    return end


def _moved(day: date, period: Period) -> date:
    """Move a date by the calendar part: months with the month-end rule, then days."""
    months = period.years * 12 + period.months
    days = period.weeks * 7 + period.days
    try:
        # In two steps, as PostgreSQL does it, and relativedelta too.
        return day + relativedelta(months=months) + timedelta(days=days)
    except (ValueError, OverflowError) as error:
        raise OverflowError(f"{period} from {day} ends after the year 9999.") from error
