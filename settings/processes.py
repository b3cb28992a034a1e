"""Runs several processes as one: prefixed output, restarts, one end for all.

It has no threads: a process that is started again is forked from a single one.
"""

from __future__ import annotations

import errno
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from settings.embedded.kernel import die_with_parent

STOP_SECONDS = 20.0  # between asking a process to end and killing it
LOOK_SECONDS = 0.2
# A process that ends again and again is started less and less often.
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
# One that has run for so long was well: its next end is a new beginning.
WELL_AFTER = 60.0
LONGEST_LINE = 64 * 1024
COLOURS = (36, 33, 35, 32, 34)  # cyan, yellow, magenta, green, blue


def run(
    processes: Mapping[str, list[str]],
    *,
    env: Mapping[str, str] | None = None,
    is_ready: Callable[[], bool] | None = None,
    when_ready: Callable[[], str] | None = None,
    restarts: bool = False,
    output: TextIO | None = None,
    stop_seconds: float = STOP_SECONDS,
) -> int:
    """Run named commands until we are told to stop, or one of them ends.

    Each line of their output appears behind the name of its process. On Ctrl-C,
    SIGTERM or SIGHUP all get SIGTERM and after `stop_seconds` SIGKILL; a second Ctrl-C
    kills at once. If we are killed ourselves, the kernel asks them to end (Linux).
    `env` is added to the environment. What `when_ready` returns is shown once, as soon
    as `is_ready` says so.

    With `restarts`, a process that was killed, or that ends once all have been ready,
    is started again, after a pause that grows to half a minute. One that ends by
    itself before is set up wrongly: then, as without `restarts`, all stop.

    Must be called in the main thread. Returns 0 if told to stop, else 1, also when a
    process cannot be started.
    """
    with _stop_signals() as told:
        show = _Output(processes, output or sys.stdout)
        children = [
            _Child(name, command, {**os.environ, **(env or {})}, show)
            for name, command in processes.items()
        ]
        try:
            for child in children:
                child.start()
            status = _watch(
                children, told, show, is_ready, when_ready, restarts=restarts
            )
        except OSError as error:
            show.note(f"{error.filename} cannot be started: {error.strerror}.")
            status = 1
        finally:
            _stop(children, told, show, stop_seconds)
        show.note("All stopped.")
    return status


class _Child:
    """A process that may be started several times."""

    def __init__(
        self, name: str, command: list[str], env: Mapping[str, str], show: _Output
    ) -> None:
        self.name = name
        self._command, self._env, self._show = command, env, show
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at, self._pause, self._due_at = 0.0, FIRST_PAUSE, 0.0

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the commands are the caller's
            self._command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**self._env, "PYTHONUNBUFFERED": "1"},
            # A group of its own: the terminal's Ctrl-C reaches us alone.
            process_group=0,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        self._started_at = time.monotonic()
        self._show.listen(self.name, self._process)

    def ended(self) -> int | None:
        """Its status, once: what it leaves behind of its group is ended with it."""
        process = self._process
        if process is None or process.poll() is None:
            return None
        self.signal(signal.SIGKILL)
        self._process = None
        if time.monotonic() - self._started_at >= WELL_AFTER:
            self._pause = FIRST_PAUSE
        return process.returncode

    def start_later(self) -> float:
        """Start it again after a pause; how long that is."""
        pause, self._pause = self._pause, min(2 * self._pause, LONGEST_PAUSE)
        self._due_at = time.monotonic() + pause
        return pause

    def start_if_due(self) -> None:
        if self._process is None and time.monotonic() >= self._due_at:
            try:
                self.start()
            except OSError as error:
                # No memory or no process left for the moment.
                pause = self.start_later()
                self._show.note(
                    f"{self.name} cannot be started ({error.strerror}); trying again in {pause:g} s."
                )

    def signal(self, how: signal.Signals) -> None:
        """Send a signal to the process, SIGKILL to all of its group."""
        if self._process is None:
            return
        if how != signal.SIGKILL:
            self._process.send_signal(how)
            return
        try:
            os.killpg(self._process.pid, how)
        except (ProcessLookupError, PermissionError):
            pass  # nobody left; macOS says the latter of those that are ending


def _watch(
    children: list[_Child],
    told: list[int],
    show: _Output,
    is_ready: Callable[[], bool] | None,
    when_ready: Callable[[], str] | None,
    *,
    restarts: bool,
) -> int:
    were_ready = is_ready is None
    while not told:
        for child in children:
            status = child.ended()
            if status is not None:
                if not restarts or (status >= 0 and not were_ready):
                    show.note(
                        f"{child.name} ended {_how(status)}; stopping the others."
                    )
                    return 1
                pause = child.start_later()
                show.note(
                    f"{child.name} ended {_how(status)}; starting it again in {pause:g} s."
                )
            child.start_if_due()
        if show.is_closed:
            return 1
        if not were_ready and is_ready is not None and is_ready():
            were_ready = True
            if when_ready is not None:
                show.note(when_ready())
        show.copy_for(LOOK_SECONDS)
    show.note(f"{signal.Signals(told[0]).name}: stopping.")
    return 0


def _stop(
    children: list[_Child], told: list[int], show: _Output, stop_seconds: float
) -> None:
    for child in children:
        child.signal(signal.SIGTERM)
    deadline = time.monotonic() + stop_seconds
    while any(child.is_running for child in children):
        if time.monotonic() > deadline or len(told) > 1:
            for child in children:
                if child.is_running:
                    child.signal(signal.SIGKILL)
        show.copy_for(0.05)
    show.copy_for(2, to_the_end=True)  # a grandchild may keep the pipe open


def _how(status: int) -> str:
    if status < 0:
        return f"by {signal.Signals(-status).name}"
    return f"with status {status}"


@contextmanager
def _stop_signals() -> Iterator[list[int]]:
    """Collect the signals that mean "stop" instead of dying of them."""
    told: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        told.append(number)

    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in wanted}
    try:
        yield told
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Output:
    """Whole lines of several processes, each behind the name of its process."""

    def __init__(self, names: Mapping[str, object], to: TextIO) -> None:
        self.to = to
        self.is_closed = False
        self._lost = 0
        self._pipes = selectors.DefaultSelector()
        self._rest: dict[int, bytes] = {}
        self._width = max(map(len, names), default=0)
        coloured = to.isatty() and not os.environ.get("NO_COLOR")
        self._colour = {
            name: COLOURS[number % len(COLOURS)] if coloured else 0
            for number, name in enumerate(names)
        }

    def listen(self, name: str, process: subprocess.Popen[bytes]) -> None:
        """Show what the process writes from now on."""
        if process.stdout is not None:
            self._pipes.register(process.stdout, selectors.EVENT_READ, name)

    def copy_for(self, seconds: float, *, to_the_end: bool = False) -> None:
        """Copy what is written for so long, or until all pipes are closed."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._pipes.get_map():
                self._copy(left)
            elif to_the_end:
                return
            else:
                time.sleep(left)

    def _copy(self, seconds: float) -> None:
        for key, _ in self._pipes.select(seconds):
            part = os.read(key.fd, LONGEST_LINE)
            *lines, rest = (self._rest.pop(key.fd, b"") + part).split(b"\n")
            if not part:
                self._pipes.unregister(key.fileobj)
                key.fileobj.close()  # type: ignore[union-attr]
            elif len(rest) < LONGEST_LINE:
                self._rest[key.fd], rest = rest, b""
            for line in [*lines, rest] if rest else lines:
                self._show(key.data, line.decode(errors="replace").rstrip("\r"))

    def _show(self, name: str, text: str) -> None:
        prefix = f"{name:{self._width}} │"
        if colour := self._colour[name]:
            prefix = f"\033[{colour}m{prefix}\033[0m"
        self.note(f"{prefix} {text}")

    def note(self, text: str) -> None:
        """Write a line of our own, or several; lose it where the disk is full."""
        if self.is_closed:
            return
        try:
            if self._lost:
                self.to.write(f"(The disk was full; lines lost: {self._lost})\n")
                self.to.flush()
                self._lost = 0
            self.to.write(f"{text}\n")
            self.to.flush()
        except (BrokenPipeError, ValueError):
            self.is_closed = True  # nobody reads any more, as in `… | head`
        except OSError as error:
            # The processes must go on: a full pipe would stop them in mid-work.
            if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO):
                raise
            self._lost += 1
