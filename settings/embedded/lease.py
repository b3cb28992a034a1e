"""What a using process does: start the services, keep them, give them back."""

from __future__ import annotations

import fcntl
import os
import pwd
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .kernel import (
    ask,
    held,
    is_lock_file,
    lock,
    read_status,
    try_lock,
    write_status,
)
from .places import (
    DATABASE,
    INSTEAD,
    PORT,
    ROLE,
    EmbeddedServicesError,
    Places,
    one_sentence,
    private_directory,
    state_dir,
    urls,
)
from .supervisor import STOP_SECONDS, end_orphans

LOG_BYTES = 5_000_000  # a longer log starts anew
# Run by this, the supervisor imports the package without its parent, the project. The
# directory comes last: its modules must not hide those of the standard library.
SUPERVISE = (
    "import sys; sys.path.append(sys.argv[1]); "
    "from embedded.supervisor import supervise; "
    "supervise(lock=int(sys.argv[2]), report=int(sys.argv[3]))"
)

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
        if _lease is not None and _answer(places):
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
                _start(places, deadline)
                while not _make_role_and_database(places, deadline):
                    _start(places, deadline)  # it ended just now
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


def _start(places: Places, deadline: float) -> None:
    """Return when the services run. The caller holds the start lock."""
    while not _is_up(places):
        _check_time(deadline, places)
        supervisor_lock = try_lock(places.home / "supervisor.lock")
        if supervisor_lock is not None:
            try:
                # Nobody may take the word of the one that held this lock before.
                write_status(supervisor_lock, read_status(places) | {"state": "new"})
                _launch_supervisor(places, supervisor_lock, deadline)
            finally:
                os.close(supervisor_lock)
        # Otherwise one lives that is starting (whoever began it was killed), that
        # starts a broken server again, or that is stopping.
        time.sleep(0.02)


def _launch_supervisor(places: Places, supervisor_lock: int, deadline: float) -> None:
    """Start a supervisor, hand its lock over, wait for its first word."""
    listen, speak = os.pipe()
    # The settings of a libpq client are no business of the server.
    env = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
    env |= {"SELOSTE_STATE_DIR": str(places.state), "LC_ALL": "C"}
    try:
        places.log.touch(mode=0o600)
        too_long = places.log.stat().st_size > LOG_BYTES
        with places.log.open("wb" if too_long else "ab") as log:
            # It forks once more and returns at once: no child of ours stays behind.
            subprocess.run(  # noqa: S603 - our own module
                [
                    sys.executable,
                    *("-P", "-c", SUPERVISE),
                    str(Path(__file__).resolve().parents[1]),
                    *(str(supervisor_lock), str(speak)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(supervisor_lock, speak),
                start_new_session=True,
                cwd="/",
                env=env,
                check=False,
            )
    finally:
        os.close(speak)
    said = b""
    try:
        while True:
            _check_time(deadline, places)
            if select.select([listen], [], [], 0.2)[0]:
                part = os.read(listen, 4096)
                said += part
                if not part:
                    break
    finally:
        os.close(listen)
    if said != b"ready":
        raise EmbeddedServicesError(
            said.decode(errors="replace")
            or f"The embedded services ended while starting: see {places.log} and start again."
        )


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


# SQLSTATE. No code at all: the connection failed; the others: PostgreSQL is going down.
_WENT_AWAY = {None, "57P01", "57P03"}
# Duplicate key, object or database, "tuple concurrently updated", database in use:
# PostgreSQL is still at what a starter ordered that was killed before it was done.
_JUST_BEING_MADE = {"23505", "42710", "42P04", "XX000", "55006"}


def _make_role_and_database(places: Places, deadline: float) -> bool:
    """Make what is missing; False if it has to be tried again."""
    try:
        import psycopg  # here, because the supervisor does without
    except ImportError as error:
        raise EmbeddedServicesError(
            "The package psycopg is missing: run pip install -r requirements.lock."
        ) from error
    try:
        with psycopg.connect(
            host=str(places.postgres_socket.parent),
            port=PORT,
            user="postgres",
            dbname="postgres",
            connect_timeout=10,
            autocommit=True,
        ) as connection:
            found = connection.execute(
                "SELECT (SELECT rolcanlogin AND rolcreatedb AND rolcreaterole"
                " FROM pg_roles WHERE rolname = %s),"
                " EXISTS (SELECT FROM pg_database WHERE datname = %s)",
                [ROLE, DATABASE],
            ).fetchone()
            role_is_right, has_database = found or (None, False)
            if role_is_right is None:
                connection.execute(f"CREATE ROLE {ROLE}")
            if not role_is_right:
                connection.execute(f"ALTER ROLE {ROLE} LOGIN CREATEDB CREATEROLE")
            if not has_database:
                connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
    except psycopg.Error as error:
        passes = error.sqlstate in _WENT_AWAY | _JUST_BEING_MADE
        if passes and time.monotonic() < deadline:
            time.sleep(0.1)
            return False
        reason = " ".join(str(error).split())
        raise EmbeddedServicesError(
            f"The embedded PostgreSQL refused its first connection ({reason}): "
            f"see {places.log} and start again."
        ) from error
    return True


def _answer(places: Places) -> bool:
    for path in (places.postgres_socket, places.valkey_socket):
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(str(path))
            except OSError:
                return False
    return True


def _is_up(places: Places) -> bool:
    return (
        held(places.home / "supervisor.lock")
        and read_status(places).get("state") == "ready"
        and _answer(places)
    )


def _check_time(deadline: float, places: Places) -> None:
    if time.monotonic() > deadline:
        raise EmbeddedServicesError(
            f"The embedded services did not start in time: see {places.log}, "
            "or stop what hangs with python -m settings.embedded stop."
        )


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
