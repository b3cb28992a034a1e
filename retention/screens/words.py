"""Periods, tables and counts in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.text import capfirst
from django.utils.translation import ngettext

from register.datamap.graph import graph
from register.periods import Period


def table_in_words(label: str) -> str:
    """Return what people call the rows of a table."""
    entry = graph().entries.get(label)
    return str(capfirst(entry.model._meta.verbose_name_plural)) if entry else label


def period_in_words(text: str) -> str:
    """Return "3 months" for P3M."""
    period = Period.parse(text)
    parts = [
        ngettext("%(count)d year", "%(count)d years", period.years)
        % {"count": period.years}
        if period.years
        else "",
        ngettext("%(count)d month", "%(count)d months", period.months)
        % {"count": period.months}
        if period.months
        else "",
        ngettext("%(count)d week", "%(count)d weeks", period.weeks)
        % {"count": period.weeks}
        if period.weeks
        else "",
        ngettext("%(count)d day", "%(count)d days", period.days)
        % {"count": period.days}
        if period.days
        else "",
        ngettext("%(count)d hour", "%(count)d hours", period.hours)
        % {"count": period.hours}
        if period.hours
        else "",
    ]
    return " ".join(part for part in parts if part)


def parts_in_words(counts: Mapping[str, int]) -> str:
    """Return counts by table as one line."""
    return ", ".join(
        f"{table_in_words(label)}: {count}" for label, count in sorted(counts.items())
    )
