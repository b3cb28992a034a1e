"""What a using process does: start the services, keep them, give them back."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .first_database import make_role_and_database
from .kernel import ask, held, is_lock_file, lock, read_status, try_lock
from .places import (
    INSTEAD,
    EmbeddedServicesError,
    Places,
    one_sentence,
    private_directory,
    state_dir,
    urls,
)
from .starting import servers_answer, start
from .supervisor import STOP_SECONDS, end_orphans

_lease: int | None = None
_mutex = threading.Lock()


def _renew_mutex() -> None:
    global _mutex
    _mutex = threading.Lock()


# A thread of the parent may have held it at the moment of the fork.
os.register_at_fork(after_in_child=_renew_mutex)


def ensure(timeout: float = 90) -> tuple[str, str]:
    """Keep the services running for as long as this process lives; return `urls()`.

    Starts them if they do not run, at most once however many processes ask. Makes the
    role (may log in, create databases and roles; no superuser) and its database where
    they are missing. May be called again at any time, which also mends services that
    broke; a forked child shares its parent's lease.

    Raises EmbeddedServicesError, also after `timeout` seconds.
    """
    global _lease
    places = Places(state_dir())
    deadline = time.monotonic() + timeout
    with _mutex, one_sentence(places):
        if _lease is not None and not is_lock_file(_lease, places.home / "users.lock"):
            release()  # another state directory, or this one was removed meanwhile
        if _lease is not None and servers_answer(places):
            return urls()
        _check_user()
        places.state.mkdir(parents=True, exist_ok=True)
        private_directory(places.home)
        lease = _lease
        if lease is None:
            # Before the start lock: a supervisor that is stopping holds this one.
            lease = lock(places.home / "users.lock", fcntl.LOCK_SH, deadline)
        try:
            with _start_lock(places, deadline):
                start(places, deadline)
                while not make_role_and_database(places, deadline):
                    start(places, deadline)  # it ended just now
        except BaseException:
            if _lease is None:
                os.close(lease)
            raise
        _lease = lease
    return urls()


def release() -> None:
    """Give the lease back before the process ends. Twice is harmless."""
    global _lease
    if _lease is not None:
        os.close(_lease)
        _lease = None


def stop(timeout: float = STOP_SECONDS + 15) -> bool:
    """Stop the services, users or not. Return whether they were running."""
    places = Places(state_dir())
    deadline = time.monotonic() + timeout
    if not places.home.exists():
        return False
    with one_sentence(places):
        private_directory(places.home)
        with _start_lock(places, deadline):
            return _stop(places, deadline)


def wipe(timeout: float = STOP_SECONDS + 15) -> None:
    """Stop the services and delete their data. Refuses while somebody uses them."""
    places = Places(state_dir())
    deadline = time.monotonic() + timeout
    if not places.home.exists():
        return
    with one_sentence(places):
        private_directory(places.home)
        with _start_lock(places, deadline):
            # Shared first: that waits only for the supervisor, while it looks or stops.
            users = lock(places.home / "users.lock", fcntl.LOCK_SH, deadline)
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop(places, deadline)
                if places.store != places.home:
                    shutil.rmtree(places.store)
                shutil.rmtree(places.home)
            except BlockingIOError:
                raise EmbeddedServicesError(
                    "The embedded services are in use: stop the demo or the tests first."
                ) from None
            finally:
                os.close(users)


def status() -> dict[str, Any]:
    """What the supervisor last said: ``state``, and the process ids while it lives."""
    places = Places(state_dir())
    with one_sentence(places):
        if places.home.exists() and held(places.home / "supervisor.lock"):
            return read_status(places)
    return {"state": "stopped"}


def _stop(places: Places, deadline: float) -> bool:
    """Stop the supervisor and its servers. The caller holds the start lock."""
    was_running = False
    for name in ("supervisor.lock", "servers.lock"):
        asked = False
        while (lock := try_lock(places.home / name)) is None:
            was_running = True
            if not asked and name == "supervisor.lock":
                asked = ask(read_status(places).get("supervisor"), signal.SIGTERM)
            elif not asked:
                asked = end_orphans(places)
            if time.monotonic() > deadline:
                raise EmbeddedServicesError(
                    "The embedded services do not stop: end the processes named in "
                    f"{places.home / 'supervisor.lock'} by hand."
                )
            time.sleep(0.05)
        os.close(lock)
    return was_running


def _check_user() -> None:
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        raise EmbeddedServicesError(
            f"PostgreSQL needs a user with a name, but user id {os.geteuid()} has no "
            f"entry in /etc/passwd: add one, or {INSTEAD}."
        ) from None


@contextmanager
def _start_lock(places: Places, deadline: float) -> Iterator[None]:
    fd = lock(places.home / "start.lock", fcntl.LOCK_EX, deadline)
    try:
        yield
    finally:
        os.close(fd)
