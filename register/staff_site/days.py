"""Days of instants in columns, as their reader sees them."""

from __future__ import annotations

from datetime import datetime

from django.utils import formats, timezone


def day_of(at: datetime | str | None) -> str:
    """Return the day as the reader writes it; what stands in place of it stays as it is."""
    if not isinstance(at, datetime):
        return at or ""
    return formats.date_format(timezone.localtime(at), "SHORT_DATE_FORMAT")
