"""When things of the demo happened."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.utils import timezone

from register.periods import Period, ends_at


def anchor_due_at(due: datetime, period: str) -> datetime:
    """Return an instant whose period ends at ``due``, or as near as months allow."""
    months = int(period[1:-1])
    anchor = due - timedelta(days=30.44 * months)
    for _ in range(12):
        off = due - ends_at(anchor, Period.parse(period))
        if abs(off) < timedelta(seconds=1):
            break
        anchor += off
    return anchor


def some_time(chance: random.Random, *, days: int) -> datetime:
    """Return an instant within the last days."""
    return timezone.now() - timedelta(days=chance.uniform(0, days))
