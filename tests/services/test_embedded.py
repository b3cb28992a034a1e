"""Attacks on the embedded servers, with real processes in directories of their own."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
import redis

from settings.embedded.kernel import held
from settings.embedded.places import Places

SETTINGS = Path(__file__).resolve().parents[2] / "settings"
# As the supervisor does, without the rest of the project: twenty start in no time.
USE = """
import sys
sys.path.append(sys.argv[1])
import embedded
try:
    embedded.ensure()
except embedded.EmbeddedServicesError as error:
    print("refused:", error, flush=True)
    sys.exit(1)
print("ready", flush=True)
sys.stdin.read()
"""
STOP = "import sys; sys.path.append(sys.argv[1]); import embedded; embedded.stop()"
WIPE = "import sys; sys.path.append(sys.argv[1]); import embedded; embedded.wipe()"
ODD_NAME = "Ääkköset 'ja' \"lainaus\" $HOME `id`; " + "pitkä nimi " * 12


@dataclass
class Bench:
    """One state directory and the processes that use it."""

    places: Places
    python: str = sys.executable
    as_user: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    started: list[Any] = field(default_factory=list)

    def run(self, code: str) -> Any:
        process = subprocess.Popen(
            [self.python, "-P", "-c", code, str(SETTINGS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd="/",
            env={
                **os.environ,
                **self.environment,
                "SELOSTE_STATE_DIR": str(self.places.state),
                "SELOSTE_EMBEDDED_LINGER": "0.3",
            },
            **self.as_user,
        )
        self.started.append(process)
        return process

    def use(self) -> Any:
        """A process that uses the services until its stdin is closed."""
        user = self.run(USE)
        assert user.stdout.readline() == "ready\n"
        return user

    def status(self) -> dict[str, Any]:
        try:
            text = (self.places.home / "supervisor.lock").read_text()
        except FileNotFoundError:
            text = ""
        status: dict[str, Any] = json.loads(text or '{"state": "new"}')
        return status

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(
            host=str(self.places.postgres_socket.parent),
            port=5432,
            user="seloste",
            dbname="seloste",
            autocommit=True,
        ) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def valkey(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self.places.valkey_socket))

    def is_stopped(self) -> bool:
        locks = ("supervisor.lock", "servers.lock")
        return not any(held(self.places.home / name) for name in locks)

    def leave(self) -> None:
        for process in self.started:
            process.kill()
            process.communicate()
        self.started.clear()


def until(fact: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@pytest.fixture
def bench() -> Iterator[Bench]:
    # Not tmp_path: PostgreSQL's user may not enter that where root runs the tests.
    base = Path(tempfile.mkdtemp(prefix="seloste-test-", dir="/tmp"))
    base.chmod(0o755)
    bench = Bench(Places(base / ODD_NAME))
    yield bench
    bench.leave()
    if bench.places.home.is_dir():
        bench.run(STOP).communicate()
    shutil.rmtree(base)


def test_twenty_processes_start_one_pair_of_servers(bench):
    users = [bench.run(USE) for _ in range(20)]

    assert [user.stdout.readline() for user in users] == ["ready\n"] * 20
    assert len(str(bench.places.state)) > 150
    assert bench.places.log.read_text().count("starting PostgreSQL") == 1
    assert bench.places.log.read_text().count("Valkey is starting") == 1


def test_the_role_owns_its_database_and_is_no_superuser(bench):
    bench.use()

    assert bench.sql(
        "SELECT rolcanlogin, rolcreatedb, rolcreaterole, rolsuper, rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    ) == [(True, True, True, False, False)]
    assert bench.sql(
        "SELECT datdba::regrole::text FROM pg_database WHERE datname = 'seloste'"
    ) == [("seloste",)]
    assert bench.sql("SHOW listen_addresses") == [("",)]
    assert bench.sql("SHOW fsync") == [("on",)]


def test_they_stop_cleanly_when_the_last_user_leaves(bench):
    first, last = bench.use(), bench.use()
    bench.valkey().set("kept", "yes")

    first.communicate()
    time.sleep(1.2)
    assert bench.valkey().get("kept") == b"yes"
    last.communicate()
    until(bench.is_stopped)

    assert "database system is shut down" in bench.places.log.read_text()
    assert not bench.places.sockets.exists()
    bench.use()
    assert bench.valkey().get("kept") == b"yes"


def test_they_stop_when_every_user_was_killed(bench):
    users = [bench.use(), bench.use()]

    for user in users:
        user.kill()

    until(bench.is_stopped)
    assert "database system is shut down" in bench.places.log.read_text()


def test_a_killed_supervisor_takes_its_servers_along_and_loses_nothing(bench):
    bench.use()
    bench.sql("CREATE TABLE kept AS SELECT 1 AS value")

    os.kill(bench.status()["supervisor"], signal.SIGKILL)
    bench.use()

    assert bench.sql("SELECT value FROM kept") == [(1,)]
    assert bench.places.log.read_text().count("starting PostgreSQL") == 2


@pytest.mark.parametrize("server", ["postgres", "valkey"])
def test_a_killed_server_comes_back_under_its_users(bench, server):
    bench.use()
    bench.sql("CREATE TABLE kept AS SELECT 1 AS value")
    bench.valkey().set("kept", "yes")
    before = bench.status()

    os.kill(before[server], signal.SIGKILL)
    until(
        lambda: bench.status()["state"] == "ready" and bench.status() != before,
        seconds=30,
    )

    assert bench.status()["supervisor"] == before["supervisor"]
    assert bench.sql("SELECT value FROM kept") == [(1,)]
    assert bench.valkey().get("kept") == b"yes"


def test_a_session_that_outlives_its_killed_server_does_not_keep_it_away(bench):
    bench.use()
    endless = "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$"
    working = bench.run(
        "import psycopg; c = psycopg.connect("
        f"host={str(bench.places.postgres_socket.parent)!r}, port=5432,"
        f" user='seloste', dbname='seloste'); print('on', flush=True); c.execute({endless!r})"
    )
    assert working.stdout.readline() == "on\n"
    time.sleep(0.3)
    before = bench.status()

    os.kill(before["postgres"], signal.SIGKILL)

    until(
        lambda: bench.status()["state"] == "ready" and bench.status() != before,
        seconds=40,
    )
    assert bench.sql("SELECT 1") == [(1,)]


def test_whoever_keeps_them_starts_them_again_with_all_killed(bench):
    keeper = bench.run(
        "import sys; sys.path.append(sys.argv[1]);"
        " from embedded.__main__ import main; main(['keep'])"
    )
    bench.use()
    bench.sql("CREATE TABLE kept AS SELECT 1 AS value")
    before = bench.status()

    for name in ("supervisor", "postgres", "valkey"):
        os.kill(before[name], signal.SIGKILL)

    until(
        lambda: (
            bench.status()["state"] == "ready"
            and bench.status()["supervisor"] != before["supervisor"]
        )
    )
    assert bench.sql("SELECT value FROM kept") == [(1,)]
    assert keeper.poll() is None


def test_after_killing_everything_the_next_start_has_all_data(bench):
    bench.use()
    bench.sql("CREATE TABLE kept AS SELECT 1 AS value")
    bench.valkey().set("kept", "yes")
    bench.valkey().execute_command("WAITAOF", 1, 0, 5000)
    status = bench.status()

    for pid in (status["supervisor"], status["postgres"], status["valkey"]):
        os.kill(pid, signal.SIGKILL)
    bench.leave()
    bench.use()

    assert bench.sql("SELECT value FROM kept") == [(1,)]
    assert bench.valkey().get("kept") == b"yes"


def test_starters_killed_at_any_moment_do_no_harm(bench):
    for moment in (0.05, 0.15, 0.25, 0.4, 0.7):
        starter = bench.run(USE)
        time.sleep(moment)
        starter.kill()

    bench.use()

    assert bench.sql("SELECT 1") == [(1,)]


def test_what_a_killed_starter_ordered_may_still_be_in_the_making(bench):
    bench.use()
    server = {
        "host": str(bench.places.postgres_socket.parent),
        "port": 5432,
        "user": "postgres",
        "dbname": "postgres",
    }
    with (
        psycopg.connect(**server, autocommit=True) as look,
        psycopg.connect(**server) as maker,
    ):
        look.execute("DROP DATABASE seloste")
        look.execute("DROP ROLE seloste")
        maker.execute("CREATE ROLE seloste")
        starter = bench.run(USE)
        waiting = "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        until(lambda: look.execute(waiting).fetchone() is not None)
        maker.commit()

    assert starter.stdout.readline() == "ready\n"
    assert bench.sql("SELECT 1") == [(1,)]


def test_an_interrupted_initdb_heals_itself(bench):
    half_made = bench.places.home / "postgres.half-4711"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("18\n")
    bench.places.cluster.mkdir()
    (bench.places.cluster / "PG_VERSION").write_text("18\n")

    bench.use()

    assert bench.sql("SELECT 1") == [(1,)]
    assert not half_made.exists()
    assert len(list(bench.places.home.glob("postgres.unusable-*"))) == 1


def test_a_pid_file_that_names_a_stranger_is_stale(bench):
    bench.use()
    stranger = subprocess.Popen(
        ["sleep", "60"], **service_user_of(bench.places.cluster)
    )
    status = bench.status()
    os.kill(status["supervisor"], signal.SIGKILL)
    os.kill(status["postgres"], signal.SIGKILL)
    bench.leave()
    until(bench.is_stopped)
    pid_file = bench.places.cluster / "postmaster.pid"
    text = pid_file.read_text()
    pid_file.write_text(text.replace(str(status["postgres"]), str(stranger.pid), 1))
    bench.places.valkey_socket.touch()

    bench.use()

    assert bench.sql("SELECT 1") == [(1,)]
    stranger.kill()
    stranger.wait()


def test_a_checkout_that_is_moved_takes_its_data_along(bench):
    bench.use()
    bench.sql("CREATE TABLE kept AS SELECT 1 AS value")
    elsewhere = bench.places.state.with_name("elsewhere")

    bench.places.state.rename(elsewhere)
    bench.places = Places(elsewhere)
    bench.use()

    assert bench.sql("SELECT value FROM kept") == [(1,)]
    assert "was moved or removed" in bench.places.log.read_text()


def test_a_checkout_that_is_removed_leaves_no_server_behind(bench):
    bench.use()
    status = bench.status()

    shutil.rmtree(bench.places.state, ignore_errors=True)
    shutil.rmtree(bench.places.state, ignore_errors=True)

    until(lambda: not is_alive(status["postgres"]) and not is_alive(status["valkey"]))


def test_wiping_is_refused_while_somebody_uses_them(bench):
    user = bench.use()

    assert "in use: stop the demo" in bench.run(WIPE).communicate()[0]
    user.communicate()
    assert bench.run(WIPE).communicate()[0] == ""

    assert not bench.places.home.exists()


def test_an_ordinary_user_starts_them_too(bench):
    bench.places.state.mkdir()
    become_nobody(bench)

    users = [bench.run(USE) for _ in range(3)]

    assert [user.stdout.readline() for user in users] == ["ready\n"] * 3


def test_a_directory_nobody_may_write_gets_one_sentence(bench):
    bench.places.state.mkdir()
    become_nobody(bench)
    bench.places.state.chmod(0o555)
    if os.geteuid() == 0 and not bench.as_user:
        bench.places = Places(Path("/sys/seloste"))  # refused to root, too

    said = bench.run(USE).communicate()[0]

    assert_one_sentence(said, "may not use", "set SELOSTE_STATE_DIR")


def test_something_in_the_way_gets_one_sentence(bench):
    bench.places.sockets.touch()

    said = bench.run(USE).communicate()[0]

    bench.places.sockets.unlink()
    assert_one_sentence(said, "is in the way: remove it")


def test_data_of_another_postgresql_gets_one_sentence(bench):
    bench.use().communicate()
    until(bench.is_stopped)
    (bench.places.cluster / "PG_VERSION").write_text("17\n")

    said = bench.run(USE).communicate()[0]

    assert_one_sentence(said, "was made by PostgreSQL 17", "settings.embedded wipe")


def test_a_broken_valkey_file_gets_one_sentence(bench):
    bench.use().communicate()
    until(bench.is_stopped)
    for file in (bench.places.home / "valkey").rglob("*.rdb"):
        file.write_bytes(b"not what it was")

    said = bench.run(USE).communicate()[0]

    assert_one_sentence(said, "Valkey did not start", "settings.embedded wipe")


def test_a_checkout_behind_a_closed_door_stays_closed(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    bench = Bench(Places(closed / "var"))

    bench.use()
    assert bench.sql("SELECT 1") == [(1,)]
    store = bench.places.store
    bench.leave()
    wiped = bench.run(WIPE).communicate()[0]

    assert wiped == ""
    assert not store.exists()
    assert closed.stat().st_mode & 0o777 == 0o700


def assert_one_sentence(said: str, *parts: str) -> None:
    assert re.fullmatch(r"refused: [^\n]+\.\n", said), said
    for part in parts:
        assert part in said


def is_alive(pid: int) -> bool:
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        )
    except FileNotFoundError:
        return False


def service_user_of(cluster: Path) -> dict[str, Any]:
    if os.geteuid() != 0:
        return {}
    owner = cluster.stat()
    return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}


def become_nobody(bench: Bench) -> None:
    """From here on the bench's processes are an ordinary user's.

    They stay our own where we are one, or where no Python is open to others.
    """
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody")
    as_nobody: dict[str, Any] = {
        "user": nobody.pw_uid,
        "group": nobody.pw_gid,
        "extra_groups": [],
    }
    packages = {"PYTHONPATH": str(Path(psycopg.__file__).parents[1])}
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    look = "import psycopg, sys; sys.path.append(sys.argv[1]); import embedded"
    for python in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        try:
            looked = subprocess.run(
                [python, "-P", "-c", f"{look}; embedded.pg_bin()", SETTINGS],
                cwd="/",
                env=os.environ | packages,
                **as_nobody,
            )
        except OSError:
            continue
        if looked.returncode == 0:
            os.chown(bench.places.state, nobody.pw_uid, nobody.pw_gid)
            bench.python = python
            bench.as_user = as_nobody
            bench.environment = packages
            return
