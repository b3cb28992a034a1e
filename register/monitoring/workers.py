"""What a worker tells about itself: that it lives, and how its tasks end."""

from __future__ import annotations

import logging
import time
from bisect import bisect_left
from typing import Any

from celery import Celery, Task, bootsteps, signals
from django.db import DatabaseError, connection
from structlog.contextvars import bind_contextvars, unbind_contextvars

logger = logging.getLogger(__name__)

# Upper bounds in seconds: from a sweep that finds nothing to a job of an hour.
BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0, 60.0, 300.0, 1800.0)

_OUTCOMES = {"SUCCESS": "success", "FAILURE": "failure", "RETRY": "retry"}
# One row for each task and outcome: it survives restarts and counts all workers of all
# machines. A task that takes longer than a statement does not feel it.
_COUNT = """
    INSERT INTO register_tasktally AS t (task, outcome, runs, seconds, buckets, last_at)
    VALUES (%s, %s, 1, %s, %s, now())
    ON CONFLICT (task, outcome) DO UPDATE SET
        runs = t.runs + 1, seconds = t.seconds + excluded.seconds, last_at = now(),
        buckets = ARRAY(SELECT coalesce(old, 0) + coalesce(new, 0)
            FROM unnest(t.buckets, excluded.buckets) WITH ORDINALITY u(old, new, n)
            ORDER BY n)
"""


class Pulse(bootsteps.StartStopStep):
    """Lets the worker's event loop say that it comes round."""

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:
        self._entry: Any = None
        super().__init__(parent, **kwargs)

    def start(self, parent: Any) -> None:
        """Begin."""
        from register.models import Process
        from register.monitoring import liveness

        pulse = liveness.Pulse(Process.Kind.WORKER)
        pulse.beat()
        self._entry = parent.timer.call_repeatedly(liveness.PULSE_SECONDS, pulse.beat)

    def stop(self, parent: Any) -> None:
        """End."""
        if self._entry is not None:
            self._entry.cancel()
            self._entry = None


def install(app: Celery) -> None:
    """Watch the workers of ``app``, and put the task on each line they log."""
    app.steps["worker"].add(Pulse)
    signals.task_prerun.connect(_begins, dispatch_uid="register.task begins")
    signals.task_postrun.connect(_ended, dispatch_uid="register.task ended")


def count(task: str, outcome: str, seconds: float) -> None:
    """Count one run of a task."""
    buckets = [0] * (len(BOUNDS) + 1)
    buckets[bisect_left(BOUNDS, seconds)] = 1
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, [task, outcome, seconds, buckets])


def _begins(task_id: str, task: Task[Any, Any], **_: Any) -> None:
    task.request.begun = time.monotonic()  # type: ignore[attr-defined]
    bind_contextvars(task=task.name, task_id=task_id)


def _ended(task: Task[Any, Any], state: str | None = None, **_: Any) -> None:
    begun = getattr(task.request, "begun", None)
    outcome = _OUTCOMES.get(state or "")
    unbind_contextvars("task", "task_id")
    if begun is None or outcome is None:
        return
    try:
        count(task.name, outcome, time.monotonic() - begun)
    except DatabaseError:
        logger.warning("A run of a task could not be counted.")
