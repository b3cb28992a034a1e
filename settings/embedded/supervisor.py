"""The detached process that owns the two servers from their start to their end."""

from __future__ import annotations

import enum
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from .kernel import (
    ask,
    die_with_parent,
    is_lock_file,
    log,
    read_status,
    try_lock,
    write_status,
)
from .places import (
    EmbeddedServicesError,
    Places,
    one_sentence,
    private_directory,
    server_failed,
    state_dir,
    valkey_program,
)
from .postgres import (
    as_user,
    choose_store,
    disown_pid_file,
    end_sessions,
    give,
    make_cluster,
    postgres_command,
    programs_for,
    service_user,
)

LINGER_SECONDS = 5.0  # bridges two commands; SELOSTE_EMBEDDED_LINGER replaces it
STOP_SECONDS = 60.0


class End(enum.Enum):
    """Why the supervisor stops its servers."""

    ASKED = "asked to stop"
    BROKEN = "a server ended, or its socket is gone"
    IDLE = "nobody uses them any more"
    REMOVED = "the state directory was moved or removed"


class Supervisor:
    """Owns the two servers from their start to their end."""

    def __init__(self, places: Places, lock: int, report: int) -> None:
        self.places = places
        self.lock = lock
        self.report_to: int | None = report
        self.asked_to_stop = False
        self.has_sockets = False
        self.postgres: subprocess.Popen[bytes] | None = None
        self.valkey: subprocess.Popen[bytes] | None = None

    def run(self) -> None:
        """Serve until nobody is left, starting broken servers again."""
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        broken_at: list[float] = []
        with (self.places.home / "users.lock").open("ab") as users:
            while True:
                try:
                    self._start_servers()
                    end = self._watch(users.fileno())
                finally:
                    self._stop_servers()
                log(f"Stopped: {end.value}.")
                now = time.monotonic()
                broken_at = [at for at in broken_at if now - at < 60] + [now]
                if end is not End.BROKEN or len(broken_at) > 3:
                    return

    def report(self, word: str) -> None:
        """Tell the process that waits for the start, if one still does. Once."""
        if self.report_to is not None:
            try:
                os.write(self.report_to, word.encode())
            except BrokenPipeError:
                pass
            os.close(self.report_to)
            self.report_to = None

    def _ask_to_stop(self, *_: object) -> None:
        self.asked_to_stop = True

    def _note(self, state: str) -> None:
        servers = {"postgres": self.postgres, "valkey": self.valkey}
        pids = {name: server.pid for name, server in servers.items() if server}
        write_status(self.lock, {"state": state, "supervisor": os.getpid(), **pids})

    def _start_servers(self) -> None:
        places = self.places
        user = service_user(places)
        choose_store(places, user)
        said_before = places.log.stat().st_size
        servers_lock = self._wait_for_the_last_servers()
        try:
            self._note("starting")
            private_directory(places.sockets)
            self.has_sockets = True
            pg_sockets = places.postgres_socket.parent
            shutil.rmtree(pg_sockets, ignore_errors=True)
            places.valkey_socket.unlink(missing_ok=True)
            pg_sockets.mkdir(mode=0o700)
            give(pg_sockets, user)
            programs = programs_for(places, user)
            make_cluster(places, programs, user, servers_lock)
            disown_pid_file(places.cluster)
            self.postgres = _start_server(
                postgres_command(places, programs),
                servers_lock,
                ends_on=signal.SIGINT,
                **as_user(user),
            )
            valkey_data = places.home / "valkey"
            valkey_data.mkdir(mode=0o700, exist_ok=True)
            self.valkey = _start_server(
                _valkey_command(places),
                servers_lock,
                ends_on=signal.SIGTERM,
                cwd=valkey_data,
            )
        finally:
            os.close(servers_lock)  # from here on the servers alone hold it
        self._note("starting")
        while not (self._postgres_is_ready() and self._valkey_is_ready()):
            if self.asked_to_stop:
                return
            for name, server in (
                ("PostgreSQL", self.postgres),
                ("Valkey", self.valkey),
            ):
                if server.poll() is not None:
                    with places.log.open("rb") as file:
                        file.seek(said_before)
                        raise server_failed(
                            f"{name} did not start", file.read(), places
                        )
            time.sleep(0.02)
        self._note("ready")
        self.report("ready")

    def _wait_for_the_last_servers(self) -> int:
        """Take the servers' lock, which the processes of a killed start still hold."""
        since = time.monotonic()
        asked = False
        while (lock := try_lock(self.places.home / "servers.lock")) is None:
            waited = time.monotonic() - since
            if waited > 3 and not asked:
                asked = end_orphans(self.places)
            if waited > 5:
                # Without its postmaster a session ends after its statement, if ever.
                end_sessions(self.places.cluster)
            if waited > STOP_SECONDS:
                raise EmbeddedServicesError(
                    "Servers of an earlier start do not end: end by hand the "
                    f"processes that still hold {self.places.home / 'servers.lock'}."
                )
            time.sleep(0.05)
        return lock

    def _postgres_is_ready(self) -> bool:
        try:
            lines = (self.places.cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return (
            self.postgres is not None
            and len(lines) >= 8
            and lines[0] == str(self.postgres.pid)
            and lines[7].strip() == "ready"
        )

    def _valkey_is_ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(2)
            try:
                client.connect(str(self.places.valkey_socket))
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")  # -LOADING until then
            except OSError:
                return False

    def _watch(self, users: int) -> End:
        """Return why to stop; if nobody is left, holding the users' lock."""
        places = self.places
        linger = float(os.environ.get("SELOSTE_EMBEDDED_LINGER") or LINGER_SECONDS)
        idle_since: float | None = None
        while True:
            if self.asked_to_stop:
                return End.ASKED
            for server in (self.postgres, self.valkey):
                if server is None or server.poll() is not None:
                    return End.BROKEN
            if not is_lock_file(users, places.home / "users.lock"):
                return End.REMOVED
            # A tidy-up of /tmp may take them.
            if not (places.postgres_socket.exists() and places.valkey_socket.exists()):
                return End.BROKEN
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                idle_since = None
            else:
                idle_since = idle_since or time.monotonic()
                if time.monotonic() - idle_since >= linger:
                    return End.IDLE
                fcntl.flock(users, fcntl.LOCK_UN)
            time.sleep(0.2)

    def _stop_servers(self) -> None:
        self._note("stopping")
        for server, how, at_last in (
            (self.valkey, signal.SIGTERM, signal.SIGKILL),
            # PostgreSQL: SIGINT ends sessions and stops cleanly, SIGQUIT at once.
            (self.postgres, signal.SIGINT, signal.SIGQUIT),
        ):
            if server is None:
                continue
            if server.poll() is None:
                server.send_signal(how)
            try:
                server.wait(STOP_SECONDS / 2)
            except subprocess.TimeoutExpired:
                server.send_signal(at_last)
                server.wait()
        self.postgres = self.valkey = None
        if self.has_sockets:  # else it may be somebody else's directory
            shutil.rmtree(self.places.sockets, ignore_errors=True)


def end_orphans(places: Places) -> bool:
    """Ask the servers of a killed supervisor to end (Linux has asked already)."""
    last = read_status(places)
    ask(last.get("postgres"), signal.SIGINT)
    ask(last.get("valkey"), signal.SIGTERM)
    return True


def _start_server(
    command: list[str],
    servers_lock: int,
    *,
    ends_on: signal.Signals,
    cwd: Path | str = "/",
    **user: Any,
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - one of the two servers
        command,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        pass_fds=(servers_lock,),
        preexec_fn=die_with_parent(ends_on),  # the supervisor has no threads
        **user,
    )


def _valkey_command(places: Places) -> list[str]:
    settings = {
        "port": "0",
        "unixsocket": str(places.valkey_socket),
        "unixsocketperm": "700",
        "dir": ".",
        "save": "",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "daemonize": "no",
        # It would remember commands with what they carry.
        "slowlog-log-slower-than": "-1",
    }
    command = [str(valkey_program())]
    for name, value in settings.items():
        command += [f"--{name}", value]
    return command


def supervise(lock: int, report: int) -> None:
    """Run the supervisor, given its lock and where to say how the start went."""
    if os.fork():
        os._exit(0)  # so that the supervisor is nobody's child
    os.umask(0o077)
    for unwanted in (signal.SIGINT, signal.SIGHUP):
        signal.signal(unwanted, signal.SIG_IGN)
    places = Places(state_dir())
    supervisor = Supervisor(places, lock, report)
    try:
        with one_sentence(places):
            supervisor.run()
    except EmbeddedServicesError as error:
        supervisor.report(str(error))
        log(str(error))
