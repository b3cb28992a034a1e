"""Working days in Finland, on which the period of a request may end."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, timedelta
from functools import cache

ONE_DAY = timedelta(days=1)


class _FinnishHolidays:
    """The statutory public holidays of Finland, as a container of dates.

    The days of LEGAL 3.1 T5. Christmas Eve and Midsummer Eve are left out: Act
    150/1930 counts them for courts and authorities only, and for a controller's
    clock the earlier day is the safe one.
    """

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and day in _finnish_holidays_of(day.year)


FINNISH_HOLIDAYS: Container[date] = _FinnishHolidays()


def is_working_day(day: date, holidays: Container[date] = FINNISH_HOLIDAYS) -> bool:
    """Whether a period may end on this day: no Saturday, Sunday or public holiday."""
    saturday = 5
    return day.weekday() < saturday and day not in holidays


def rolled_forward(day: date, holidays: Container[date] = FINNISH_HOLIDAYS) -> date:
    """Return the day itself or the next working day (Reg. 1182/71 Art. 3(4))."""
    while not is_working_day(day, holidays):
        day += ONE_DAY
    return day


@cache
def _finnish_holidays_of(year: int) -> frozenset[date]:
    # Imported here: it takes a quarter of a second, and few processes need it.
    import holidays

    days = holidays.country_holidays("FI", years=year)
    return frozenset(day for day in days if not _is_eve(day))


def _is_eve(day: date) -> bool:
    """Whether it is Christmas Eve or Midsummer Eve, the Friday of 19 to 25 June."""
    friday, june, december = 4, 6, 12
    christmas_eve = day.month == december and day.day == 24
    midsummer_eve = (
        day.month == june and day.weekday() == friday and 19 <= day.day <= 25
    )
    return christmas_eve or midsummer_eve
