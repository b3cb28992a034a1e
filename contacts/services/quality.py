"""Counting the quality of the data of everybody, for the board and its trend."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from contacts import quality
from contacts.models import QualityCount

FRESH = timedelta(hours=1)


def count_due(*, at: datetime | None = None) -> int:
    """Count every measure that was not counted within the hour; return how many.

    Each is one statement and one row of today, written at once: a run that is killed
    is taken up where it stopped, and two at a time write the same row.
    """
    counted = 0
    for measure in quality.measures():
        now = at or timezone.now()
        day = timezone.localdate(now)
        rows = QualityCount.objects.filter(code=measure.code, day=day)
        if rows.filter(counted_at__gt=now - FRESH, counted_at__lte=now).exists():
            continue
        row = QualityCount(
            code=measure.code, day=day, people=measure.people().count(), counted_at=now
        )
        QualityCount.objects.bulk_create(
            [row],
            update_conflicts=True,
            unique_fields=["code", "day"],
            update_fields=["people", "counted_at"],
        )
        counted += 1
    return counted
