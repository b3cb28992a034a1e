"""Work in a process of its own, which a test may kill at a moment of its choosing.

The process is a copy of the test process: it has the register loaded already, which a
new one would spend three seconds on. It opens connections of its own.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from django.db import connections

# Connections of the parent, in the child: closing one would end the session of both.
_of_the_parent: list[Any] = []


class OwnProcess:
    """A running process. Its exit status is 0 if the work came to its end."""

    def __init__(self, work: Callable[[], object], said: IO[str]) -> None:
        self._said = said
        with warnings.catch_warnings():
            # The other threads of a test process wait for messages and hold no lock.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.pid = os.fork()
        if not self.pid:
            self._work(work)
        self._status: int | None = None

    def _work(self, work: Callable[[], object]) -> None:
        status = 1
        try:
            for each in connections.all():
                _of_the_parent.append(each.connection)
                each.connection = None
            work()
            status = 0
        except BaseException:  # noqa: BLE001 - whatever it is, the test shall see it
            traceback.print_exc(file=self._said)
            self._said.flush()
        finally:
            os._exit(status)

    def poll(self) -> int | None:
        """Return the exit status, negative the signal that killed it; None while it runs."""
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def wait(self, seconds: float = 60.0) -> int:
        """Return the exit status when it has ended. Fails if it does not."""
        limit = time.monotonic() + seconds
        while (status := self.poll()) is None:
            assert time.monotonic() < limit, "The process did not end in time."
            time.sleep(0.01)
        return status

    def kill(self) -> None:
        """Kill it as a machine out of memory would, and wait until it is gone."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()

    def said(self) -> str:
        """Return why the work failed."""
        self._said.seek(0)
        return self._said.read()


@contextmanager
def own_process(work: Callable[[], object]) -> Iterator[OwnProcess]:
    """Run ``work`` in a process of its own; at the end it is killed if it still runs."""
    with tempfile.TemporaryFile("w+") as said:
        process = OwnProcess(work, said)
        try:
            yield process
        finally:
            process.kill()
