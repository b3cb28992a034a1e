"""gunicorn's configuration: ``gunicorn --config python:settings.web_server settings.wsgi``.

Its processes count requests in files that they share, in a directory that lives as long
as the master. What a process counted is added to one file when the process ends, so that
neither the numbers nor the disk suffer from processes that come and go.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

SHARED = "PROMETHEUS_MULTIPROC_DIR"
PREFIX = "seloste-metrics-"
OWNER, LOCK = "owner", "lock"
AT_REST = "ended"

worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
graceful_timeout = 10
logger_class = "settings.web_log.WebLog"
control_socket_disable = True


_ours: list[str] = []


def on_starting(server: Any) -> None:
    """Make the shared directory before the first process of ours counts anything.

    The master holds a lock in it for as long as it lives; a directory without one was
    left by a master that was killed.
    """
    if os.environ.get(SHARED):
        return  # chosen by the operator
    parent = Path(tempfile.gettempdir())
    for left in parent.glob(f"{PREFIX}{os.geteuid()}-*"):
        _remove_if_left(left)
    directory = tempfile.mkdtemp(prefix=f"{PREFIX}{os.geteuid()}-", dir=parent)
    owner = os.open(Path(directory) / OWNER, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(owner, fcntl.LOCK_EX)
    _ours.append(directory)
    os.environ[SHARED] = directory


def on_exit(server: Any) -> None:
    """Remove the shared directory."""
    for directory in _ours:
        shutil.rmtree(directory, ignore_errors=True)


def child_exit(server: Any, worker: Any) -> None:
    """Add what a process counted to what its predecessors counted."""
    if directory := os.environ.get(SHARED):
        put_to_rest(Path(directory), worker.pid)


def put_to_rest(directory: Path, pid: int) -> None:
    """Merge the files of a process that has ended, and remove them."""
    from prometheus_client import mmap_dict

    files: Any = mmap_dict.MmapedDict
    with (directory / LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for file in directory.glob(f"*_{pid}.db"):
            kind = file.name.partition("_")[0]
            # What is in progress in a process that is gone is not.
            if kind != "gauge":
                sums = files(str(directory / f"{kind}_{AT_REST}.db"))
                for key, value, at, _place in files.read_all_values_from_file(file):
                    sums.write_value(key, sums.read_value(key)[0] + value, at)
                sums.close()
            file.unlink()


def _remove_if_left(directory: Path) -> None:
    with contextlib.suppress(OSError), (directory / OWNER).open("r+") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory, ignore_errors=True)
