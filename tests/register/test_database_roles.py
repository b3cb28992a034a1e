"""The two roles on an ordinary server: PostgreSQL 18 over TCP, with passwords."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command

from register.database import roles
from settings.embedded.places import Places
from settings.embedded.postgres import as_user, give, programs_for, service_user

ADMINISTRATOR_PASSWORD = "adm'in @/:#%"
PASSWORD = "ö w'n@e/r:#%\""
WANTED = roles.Wanted(
    owner='odd "owner"',
    database="odd-base",
    application_role="seloste_app",
    password=PASSWORD,
)


class Server:
    def __init__(self, base: Path) -> None:
        self.places = Places(base)
        self.places.home.mkdir(parents=True)
        user = service_user(self.places)
        self.data = base / "data"
        self.data.mkdir(mode=0o700)
        give(self.data, user)
        programs = programs_for(self.places, user)
        self.psql = programs / "psql"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        secret = base / "secret"
        secret.write_text(ADMINISTRATOR_PASSWORD)
        secret.chmod(0o644)
        subprocess.run(
            [
                *(programs / "initdb", "-D", self.data, "-U", "postgres"),
                *("--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8"),
                *("--locale=C", "--no-sync"),
            ],
            check=True,
            capture_output=True,
            cwd="/",
            **as_user(user),
        )
        self.process = subprocess.Popen(
            [
                *(programs / "postgres", "-D", self.data, "-p", str(self.port)),
                *("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="),
                *("-c", "fsync=off"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **as_user(user),
        )

    def connect(self, user="postgres", password=ADMINISTRATOR_PASSWORD, dbname=None):
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=user,
            password=password,
            dbname=dbname or "postgres",
            autocommit=True,
        )

    def wait(self) -> None:
        for _ in range(200):
            try:
                self.connect().close()
            except psycopg.OperationalError:
                assert self.process.poll() is None
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the server did not start")


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    # Not tmp_path: PostgreSQL's user may not enter that where root runs the tests.
    base = Path(tempfile.mkdtemp(prefix="seloste-test-", dir="/tmp"))
    base.chmod(0o755)
    server = Server(base)
    server.wait()
    yield server
    server.process.terminate()
    server.process.wait()
    shutil.rmtree(base)


@pytest.fixture
def administrator(server: Any) -> Iterator[Any]:
    with server.connect() as connection:
        yield connection
        connection.execute('DROP DATABASE IF EXISTS "odd-base" WITH (FORCE)')
        for role in ('"odd ""owner"""', "seloste_app", "clerk"):
            connection.execute(f"DROP ROLE IF EXISTS {role}")


def test_roles_and_database_are_made_once_with_any_name_and_password(
    server, administrator
):
    done = list(roles.apply(administrator, WANTED))
    again = list(roles.apply(administrator, WANTED))

    assert 'made the role odd "owner"' in done
    assert again == ['set the password of odd "owner"']
    assert administrator.execute(
        "SELECT rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls"
        " FROM pg_roles WHERE rolname = %s",
        [WANTED.owner],
    ).fetchone() == (True, False, False, False, False)
    with server.connect(WANTED.owner, PASSWORD, WANTED.database) as own:
        own.execute("SET ROLE seloste_app")
        own.execute("CREATE TEMPORARY TABLE trial ()")
        assert own.execute("SELECT lower('Ä')").fetchone() == ("ä",)


def test_the_database_is_closed_to_the_other_roles_of_the_server(server, administrator):
    list(roles.apply(administrator, WANTED))
    administrator.execute("CREATE ROLE clerk LOGIN PASSWORD 'clerk'")
    # Even who may take the application role: a second register on the same server.
    administrator.execute("GRANT seloste_app TO clerk")

    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        server.connect("clerk", "clerk", WANTED.database)


def test_the_script_for_psql_does_the_same_and_shows_no_password(server, administrator):
    script = roles.as_script(WANTED)
    assert PASSWORD not in script

    for _ in range(2):
        subprocess.run(
            [
                *(server.psql, "--no-psqlrc", "--quiet", "-h", "127.0.0.1"),
                *("-p", str(server.port), "-U", "postgres", "-d", "postgres"),
            ],
            input=script,
            text=True,
            check=True,
            capture_output=True,
            env={**os.environ, "PGPASSWORD": ADMINISTRATOR_PASSWORD},
        )

    with server.connect(WANTED.owner, PASSWORD, WANTED.database) as own:
        own.execute("SET ROLE seloste_app")
    assert list(roles.apply(administrator, WANTED)) == [
        'set the password of odd "owner"'
    ]


def test_an_administrator_who_is_no_superuser_can_make_them(server, administrator):
    administrator.execute(
        "CREATE ROLE clerk LOGIN CREATEROLE CREATEDB PASSWORD 'clerk'"
    )
    with server.connect("clerk", "clerk") as clerk:
        list(roles.apply(clerk, WANTED))
        assert list(roles.apply(clerk, WANTED)) == ['set the password of odd "owner"']

    with server.connect(WANTED.owner, PASSWORD, WANTED.database) as own:
        own.execute("SET ROLE seloste_app")
    administrator.execute('DROP DATABASE "odd-base"')


def test_rights_that_an_earlier_set_up_needed_are_taken_again(administrator):
    administrator.execute('CREATE ROLE "odd ""owner""" LOGIN CREATEROLE CREATEDB')

    done = list(roles.apply(administrator, WANTED))

    assert 'took CREATEROLE from odd "owner"' in done
    assert 'took CREATEDB from odd "owner"' in done


def test_an_administrator_of_the_server_cannot_be_the_owner(administrator):
    wanted = roles.Wanted("postgres", "odd-base", "seloste_app")

    with pytest.raises(roles.UnsuitableRole, match="administers this server"):
        list(roles.apply(administrator, wanted))

    assert administrator.execute(
        "SELECT rolsuper FROM pg_roles WHERE rolname = 'postgres'"
    ).fetchone() == (True,)


def test_a_server_that_is_too_old_is_refused_with_a_sentence():
    roles.refuse_old_server(150000)
    with pytest.raises(roles.ServerTooOld, match=r"is PostgreSQL 14; .* 15 or newer"):
        roles.refuse_old_server(140012)


def test_the_command_makes_what_the_environment_names(
    server, administrator, tmp_path, monkeypatch
):
    (tmp_path / "database_password").write_text(PASSWORD)
    (tmp_path / "database_admin_password").write_text(ADMINISTRATOR_PASSWORD)
    address = f"127.0.0.1:{server.port}"
    for name, value in {
        "SECRETS_DIR": str(tmp_path),
        "DATABASE_URL": f"postgres://odd%20%22owner%22@{address}/odd-base",
        "DATABASE_ADMIN_URL": f"postgres://postgres@{address}/postgres",
    }.items():
        monkeypatch.setenv(name, value)
    out = StringIO()

    call_command("database_roles", stdout=out)

    assert 'odd "owner" can log in to odd-base and take the role' in out.getvalue()
    (tmp_path / "database_admin_password").write_text("wrong")
    with pytest.raises(CommandError, match="password authentication failed"):
        call_command("database_roles", stdout=out)
    monkeypatch.delenv("DATABASE_ADMIN_URL")
    out = StringIO()
    call_command("database_roles", stdout=out)
    assert out.getvalue().strip() == roles_script(out.getvalue())
    assert PASSWORD not in out.getvalue()


def roles_script(text):
    """Return the text if every line is one that psql carries out."""
    lines = text.strip().splitlines()
    assert lines[0] == "\\set ON_ERROR_STOP on"
    assert sum(line.endswith("\\gexec") for line in lines) > 8
    return "\n".join(lines)
