"""The numbers of retention for monitoring."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import Metric

from register import metrics
from register.database.clock import database_now
from register.metrics import MOST, gauge, moment
from retention import counting
from retention.due import rules
from retention.held import in_force
from retention.models import Run


def _due() -> Iterator[Metric]:
    now, holds = database_now(), in_force()
    waiting, lag = {}, {}
    for rule in rules():
        count, oldest = counting.ready(rule, now, holds, most=MOST)
        waiting[(rule.label,)] = float(count)
        lag[(rule.label,)] = (now - oldest).total_seconds() if oldest else 0.0
    yield gauge(
        "retention_due_rows",
        f"rows past their due instant that are neither held nor deleted; counted to {MOST}",
        waiting,
        ("table",),
    )
    yield gauge(
        "retention_oldest_lag_seconds",
        "time since the oldest of these rows fell due; 0 if there is none",
        lag,
        ("table",),
    )


def _sweeps() -> Iterator[Metric]:
    finished = Run.objects.filter(finished_at__isnull=False).order_by("-started_at")
    last = finished.first()
    yield from moment(
        "retention_last_sweep_timestamp_seconds",
        "when the last sweep of what is due ended",
        last.finished_at if last else None,
    )
    if last is not None:
        yield gauge(
            "retention_last_sweep_complete",
            "1 if the last sweep left nothing that is due, else 0",
            int(last.is_complete),
        )


metrics.register("retention due", _due)
metrics.register("retention sweeps", _sweeps)
