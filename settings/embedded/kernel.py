"""Locks and signals that the kernel looks after, whatever kills a process."""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .places import EmbeddedServicesError, Places


def _open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def is_lock_file(fd: int, path: Path) -> bool:
    """Whether `path` is still the file that `fd` holds open."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def try_lock(path: Path, kind: int = fcntl.LOCK_EX) -> int | None:
    """Lock the file, made if missing; its descriptor, or None if somebody has it."""
    fd = _open_lock(path)
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd


def lock(path: Path, kind: int, deadline: float) -> int:
    """Wait for the lock until the deadline, a time of `time.monotonic()`."""
    while True:
        fd = try_lock(path, kind)
        if fd is not None:
            if is_lock_file(fd, path):
                return fd
            os.close(fd)  # wiped while we waited
        elif time.monotonic() > deadline:
            raise EmbeddedServicesError(
                f"Another process has held {path} for too long: wait for it, or stop "
                "what hangs with python -m settings.embedded stop."
            )
        time.sleep(0.02)


def held(path: Path) -> bool:
    """Whether somebody has the lock exclusively."""
    # A shared lock for a moment: two who ask at once do not see each other.
    fd = try_lock(path, fcntl.LOCK_SH)
    if fd is None:
        return True
    os.close(fd)
    return False


def write_status(fd: int, status: dict[str, Any]) -> None:
    """Put the supervisor's state and the process ids into its lock file."""
    # Padded and written in one call: a reader sees the old text or the new.
    os.pwrite(fd, json.dumps(status).ljust(200).encode(), 0)


def read_status(places: Places) -> dict[str, Any]:
    """What the supervisor, perhaps one that is gone, wrote last."""
    try:
        found = json.loads((places.home / "supervisor.lock").read_bytes() or b"{}")
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def die_with_parent(how: signal.Signals) -> Callable[[], None] | None:
    """A `preexec_fn` that has the kernel signal the child when its parent ends.

    None where the system has no such thing (macOS).
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded here: a forked child should not load
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(1, int(how))  # PR_SET_PDEATHSIG
        if os.getppid() != parent:  # it ended before we could ask
            os._exit(1)

    return ask_for_signal


def ask(pid: object, how: signal.Signals) -> bool:
    """Send a signal; whether there was an id to send it to."""
    if not isinstance(pid, int):
        return False
    try:
        os.kill(pid, how)
    except ProcessLookupError:
        pass
    return True


def log(line: str) -> None:
    """Write to the log file, which is the supervisor's standard output."""
    try:
        sys.stdout.write(f"supervisor: {line.rstrip()}\n")
        sys.stdout.flush()
    except OSError:
        pass  # the disk is full; the servers matter more than what is said of them
