"""Runs several processes as one: prefixed output, one end for all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from settings.embedded.kernel import die_with_parent

STOP_SECONDS = 20.0  # between asking a process to end and killing it
LOOK_SECONDS = 0.2
COLOURS = (36, 33, 35, 32, 34)  # cyan, yellow, magenta, green, blue


def run(
    processes: Mapping[str, list[str]],
    *,
    env: Mapping[str, str] | None = None,
    is_ready: Callable[[], bool] | None = None,
    when_ready: Callable[[], str] | None = None,
    output: TextIO | None = None,
    stop_seconds: float = STOP_SECONDS,
) -> int:
    """Run named commands until one of them ends or we are told to stop.

    Each line of their output appears behind the name of its process. On Ctrl-C,
    SIGTERM or SIGHUP, and when one of them ends, all get SIGTERM and after
    `stop_seconds` SIGKILL; a second Ctrl-C kills at once. If we are killed ourselves,
    the kernel asks them to end (Linux). `env` is added to the environment. What
    `when_ready` returns is shown once, as soon as `is_ready` says so.

    Must be called in the main thread. Returns 0 if told to stop, else 1, also when a
    process cannot be started.
    """
    show = _Output(processes, output or sys.stdout)
    children: dict[str, subprocess.Popen[bytes]] = {}
    with _stop_signals() as told:
        try:
            for name, command in processes.items():
                # No thread runs yet, so preexec_fn is safe.
                children[name] = _start(command, {**os.environ, **(env or {})})
            pumps = [
                threading.Thread(target=show.copy, args=(name, child), daemon=True)
                for name, child in children.items()
            ]
            for pump in pumps:
                pump.start()
            status = _watch(children, told, show, is_ready, when_ready)
        except OSError as error:
            show.note(f"{error.filename} cannot be started: {error.strerror}.")
            status, pumps = 1, []
        finally:
            _stop(children, told, stop_seconds)
        for pump in pumps:
            pump.join(2)  # a grandchild may keep the pipe open
        show.note("All stopped.")
    return status


def _start(command: list[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - the commands are the caller's
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**env, "PYTHONUNBUFFERED": "1"},
        # A group of its own: the terminal's Ctrl-C reaches us alone.
        process_group=0,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )


def _watch(
    children: Mapping[str, subprocess.Popen[bytes]],
    told: list[int],
    show: _Output,
    is_ready: Callable[[], bool] | None,
    when_ready: Callable[[], str] | None,
) -> int:
    while not told:
        for name, child in children.items():
            if child.poll() is not None:
                show.note(
                    f"{name} ended {_how(child.returncode)}; stopping the others."
                )
                return 1
        if show.is_closed:
            return 1
        if is_ready is not None and is_ready():
            is_ready = None
            if when_ready is not None:
                show.note(when_ready())
        time.sleep(LOOK_SECONDS)
    show.note(f"{signal.Signals(told[0]).name}: stopping.")
    return 0


def _stop(
    children: Mapping[str, subprocess.Popen[bytes]],
    told: list[int],
    stop_seconds: float,
) -> None:
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + stop_seconds
    while any(child.poll() is None for child in children.values()):
        if time.monotonic() > deadline or len(told) > 1:
            for child in children.values():
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        time.sleep(0.05)


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
        self._lock = threading.Lock()
        self._width = max(map(len, names), default=0)
        coloured = to.isatty() and not os.environ.get("NO_COLOR")
        self._colour = {
            name: COLOURS[number % len(COLOURS)] if coloured else 0
            for number, name in enumerate(names)
        }

    def copy(self, name: str, child: subprocess.Popen[bytes]) -> None:
        """Copy the child's output until it ends."""
        prefix = f"{name:{self._width}} │"
        if colour := self._colour[name]:
            prefix = f"\033[{colour}m{prefix}\033[0m"
        if child.stdout is not None:
            with child.stdout as lines:
                for line in lines:
                    text = line.decode(errors="replace").rstrip("\r\n")
                    self.note(f"{prefix} {text}")

    def note(self, text: str) -> None:
        """Write a line of our own, or several."""
        with self._lock:
            if self.is_closed:
                return
            try:
                self.to.write(f"{text}\n")
                self.to.flush()
            except (BrokenPipeError, ValueError):
                self.is_closed = True  # nobody reads any more, as in `… | head`
