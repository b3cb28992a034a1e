"""Do worker and beat live? Each says so every ten seconds, in the database.

Not a thread alone says it: the worker's event loop and beat's schedule have to come
round, so that a process that hangs falls silent like one that was killed.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
import uuid
from datetime import datetime, timedelta
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.db.models import Count, Max, Q
from django.db.models.functions import Now

from register.models import Process
from register.monitoring.bounded import own_connection

logger = logging.getLogger(__name__)

PULSE_SECONDS = 10.0
# Beat comes round at least every 20 seconds, because it hands out jobs that often.
SILENT_AFTER = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Liveness:
    """One kind of process: how many live, and when one was last seen (ever: or None)."""

    kind: Process.Kind
    living: int
    seen_at: datetime | None
    silent_for: timedelta | None

    @property
    def is_late(self) -> bool:
        """Whether no process of this kind lives, although the register needs one."""
        return self.living == 0


def processes() -> list[Liveness]:
    """Return how each kind of process is, by the clock of the database."""
    found: dict[str, Any] = {
        row["kind"]: row
        for row in Process.objects.values("kind").annotate(
            last=Max("seen_at"),
            silent_for=Now() - Max("seen_at"),
            living=Count("pk", filter=Q(seen_at__gt=Now() - SILENT_AFTER)),
        )
    }
    never = {"living": 0, "last": None, "silent_for": None}
    return [
        Liveness(
            kind=kind,
            living=row["living"],
            seen_at=row["last"],
            silent_for=row["silent_for"],
        )
        for kind in Process.Kind
        for row in [found.get(kind.value, never)]
    ]


class Pulse:
    """The sign of life of this process. :meth:`beat` never waits and never fails."""

    def __init__(self, kind: Process.Kind) -> None:
        self._process = Process(pk=uuid.uuid4(), kind=kind)
        self._wanted = threading.Event()
        self._last = -PULSE_SECONDS
        self._thread: threading.Thread | None = None

    def beat(self) -> None:
        """Say that the process lives, unless it was said just now."""
        now = time.monotonic()
        if now - self._last < PULSE_SECONDS * 0.9:
            return
        self._last = now
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._write_for_ever, name="pulse", daemon=True
            )
            self._thread.start()
        self._wanted.set()

    def write(self) -> None:
        """Write the sign of life with the connection of this thread."""
        row = Process.objects.filter(pk=self._process.pk)
        if row.update(seen_at=Now()):
            return
        Process.objects.filter(
            kind=self._process.kind, seen_at__lt=Now() - FORGOTTEN_AFTER
        ).delete()
        Process.objects.create(
            pk=self._process.pk,
            kind=self._process.kind,
            started_at=Now(),
            seen_at=Now(),
        )

    def _write_for_ever(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            try:
                with own_connection():
                    self.write()
            except (DatabaseError, InterfaceError):
                # The database is away. Whoever asks sees it by the silence.
                logger.warning("The sign of life could not be written.")
