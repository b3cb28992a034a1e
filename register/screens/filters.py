"""Filters of lists that several screens share."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import RangeDateFilter
from unfold.utils import parse_date_str


class DayRangeFilter(RangeDateFilter):
    """From one day to another, both whole days of the reader's clock."""

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:  # type: ignore[type-arg]
        """Filter; what is no day is refused as any wrong parameter of a list."""
        name = self.parameter_name
        try:
            if (first := self._day("from")) is not None:
                queryset = queryset.filter(**{f"{name}__gte": _midnight(first)})
            if (last := self._day("to")) is not None:
                end = _midnight(last + timedelta(days=1))
                queryset = queryset.filter(**{f"{name}__lt": end})
        except (ValueError, OverflowError) as error:
            raise IncorrectLookupParameters from error
        return queryset

    def _day(self, which: str) -> date | None:
        value = self.used_parameters.get(f"{self.parameter_name}_{which}")
        if not value:
            return None
        day: date | None = parse_date_str(str(value))
        if day is None:
            raise ValueError
        return day


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
