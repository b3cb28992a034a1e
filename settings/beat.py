"""The scheduler of beat: Celery's, and not led astray by a clock that is put right.

Celery counts from the wall clock and keeps what comes next in a heap of wall times.
After a step backwards it would wait for the old time to come again: a year, if the
clock was a year ahead.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.beat import PersistentScheduler

logger = logging.getLogger(__name__)

# A clock that is drawn right by and by moves less than this between two looks.
STEP_SECONDS = 2.0
# How long it sleeps at most before it looks again.
LOOK_SECONDS = 10


class Scheduler(PersistentScheduler):
    """Celery's scheduler, which begins anew after a step of the clock."""

    max_interval = LOOK_SECONDS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        # Not above: Django is not set up yet when the settings are read.
        from register.models import Process
        from register.monitoring.liveness import Pulse

        self._pulse = Pulse(Process.Kind.BEAT)
        self._ahead: float | None = None
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due; return how long to sleep. Coming round is the sign of life."""
        self._pulse.beat()
        ahead = time.time() - time.monotonic()
        if self._ahead is None or abs(ahead - self._ahead) > STEP_SECONDS:
            if self._ahead is not None:
                logger.warning(
                    "The clock made a step of %.0f seconds; the schedule goes on from here.",
                    ahead - self._ahead,
                )
            self._forget_the_future()
            self._ahead = ahead
        return float(super().tick(*args, **kwargs))

    def _forget_the_future(self) -> None:
        """Make due what was last sent at a time that has not come (again)."""
        entries: dict[str, Any] = self.schedule
        for name, entry in entries.items():
            now = entry.default_now()
            if entry.last_run_at > now:
                entry.last_run_at = now - entry.schedule.run_every
                entries[name] = entry
        self._heap = None  # made anew by the next tick
