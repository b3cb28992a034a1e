"""Words that several screens and letters need."""

from __future__ import annotations

from django.utils.translation import ngettext

from register.periods import Period


def period_in_words(period: Period | str) -> str:
    """Return "3 months" for P3M, in the reader's language."""
    if isinstance(period, str):
        period = Period.parse(period)
    counted = (
        (period.years, ngettext("%(count)d year", "%(count)d years", period.years)),
        (period.months, ngettext("%(count)d month", "%(count)d months", period.months)),
        (period.weeks, ngettext("%(count)d week", "%(count)d weeks", period.weeks)),
        (period.days, ngettext("%(count)d day", "%(count)d days", period.days)),
        (period.hours, ngettext("%(count)d hour", "%(count)d hours", period.hours)),
    )
    return " ".join(words % {"count": count} for count, words in counted if count)
