"""The two database roles of an installation, and the database that they share.

The *owner* owns the tables: migrations, workers and backup work as it. The *application
role* cannot log in; web processes take it, and it can neither rewrite ledgers nor see
what is due (:mod:`register.database.rules`). An administrator of the server makes both
once, so that the register itself never needs the right to make roles.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
from psycopg import pq, sql

OLDEST_POSTGRES = 15


class ServerTooOld(Exception):
    """The server is older than what the register is made for; its text is a sentence."""


class UnsuitableRole(Exception):
    """The role in the address cannot be the owner; its text is a sentence."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """The roles and the database to be had. ``may_create_databases`` is for test suites."""

    owner: str
    database: str
    application_role: str
    password: str = ""
    may_create_databases: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """A statement, needed unless ``unless`` finds a row; ``done`` says what it did."""

    done: str
    statement: sql.Composed
    unless: sql.Composed


class _Words:
    """Puts the names into statements (quoted as names) and questions (as texts)."""

    def __init__(self, wanted: Wanted) -> None:
        self._names = {
            "owner": wanted.owner,
            "role": wanted.application_role,
            "database": wanted.database,
        }

    def do(self, text: LiteralString) -> sql.Composed:
        names = {key: sql.Identifier(name) for key, name in self._names.items()}
        return sql.SQL(text).format(**names)

    def ask(self, text: LiteralString) -> sql.Composed:
        names = {key: sql.Literal(name) for key, name in self._names.items()}
        return sql.SQL(text).format(**names)


def steps(wanted: Wanted) -> Iterator[Step]:
    """Yield what makes the roles and the database, in order; each is safe to repeat."""
    owner, words = wanted.owner, _Words(wanted)
    yield Step(
        f"made the role {owner}",
        words.do("CREATE ROLE {owner} LOGIN"),
        words.ask("SELECT FROM pg_roles WHERE rolname = {owner}"),
    )
    if wanted.password:
        secret = sql.Literal(scram_secret(owner, wanted.password))
        yield Step(
            f"set the password of {owner}",
            words.do("ALTER ROLE {owner} LOGIN PASSWORD ") + secret,
            words.ask("SELECT WHERE false"),
        )
    yield from _rights_of_owner(wanted, words)
    yield Step(
        f"made the role {wanted.application_role}",
        words.do("CREATE ROLE {role} NOLOGIN"),
        words.ask("SELECT FROM pg_roles WHERE rolname = {role}"),
    )
    yield Step(
        f"let {owner} take the role {wanted.application_role}",
        words.do("GRANT {role} TO {owner}"),
        # Since PostgreSQL 16 a member may be forbidden to take the role.
        words.ask(
            "SELECT FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid"
            " JOIN pg_roles u ON u.oid = m.member"
            " WHERE r.rolname = {role} AND u.rolname = {owner}"
            " AND coalesce((to_jsonb(m)->>'set_option')::boolean, true)"
        ),
    )
    yield from _database(wanted, words)


def _rights_of_owner(wanted: Wanted, words: _Words) -> Iterator[Step]:
    """Yield what leaves the owner no right over the rest of the server."""
    for right, take, has in (
        ("CREATEROLE", words.do("ALTER ROLE {owner} NOCREATEROLE"), "rolcreaterole"),
        ("REPLICATION", words.do("ALTER ROLE {owner} NOREPLICATION"), "rolreplication"),
        ("BYPASSRLS", words.do("ALTER ROLE {owner} NOBYPASSRLS"), "rolbypassrls"),
    ):
        free = words.ask("SELECT FROM pg_roles WHERE rolname = {owner} AND NOT ")
        yield Step(
            f"took {right} from {wanted.owner}", take, free + sql.Identifier(has)
        )
    if wanted.may_create_databases:
        yield Step(
            f"let {wanted.owner} create databases",
            words.do("ALTER ROLE {owner} CREATEDB"),
            words.ask("SELECT FROM pg_roles WHERE rolname = {owner} AND rolcreatedb"),
        )
    else:
        yield Step(
            f"took CREATEDB from {wanted.owner}",
            words.do("ALTER ROLE {owner} NOCREATEDB"),
            words.ask(
                "SELECT FROM pg_roles WHERE rolname = {owner} AND NOT rolcreatedb"
            ),
        )


def _database(wanted: Wanted, words: _Words) -> Iterator[Step]:
    """Yield what makes the database and closes it to other roles of the server."""
    yield Step(
        f"joined {wanted.owner}, to give it a database",
        words.do("GRANT {owner} TO CURRENT_USER"),
        words.ask(
            "SELECT FROM pg_roles WHERE rolname = current_user AND rolsuper"
            " UNION ALL SELECT FROM pg_database WHERE datname = {database}"
            " AND datdba = to_regrole(quote_ident({owner}))"
        ),
    )
    made = f"made the database {wanted.database}"
    yield Step(
        made,
        # The server's own rules: no update of the operating system changes an index.
        words.do(
            "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"
            " LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'"
        ),
        words.ask(
            "SELECT FROM pg_database WHERE datname = {database} UNION ALL"
            " SELECT WHERE current_setting('server_version_num')::int < 170000"
        ),
    )
    yield Step(
        made,
        words.do(
            "CREATE DATABASE {database} OWNER {owner} TEMPLATE template0 ENCODING 'UTF8'"
            " LOCALE 'C.UTF-8'"
        ),
        words.ask("SELECT FROM pg_database WHERE datname = {database}"),
    )
    yield Step(
        f"gave the database to {wanted.owner}",
        words.do("ALTER DATABASE {database} OWNER TO {owner}"),
        words.ask(
            "SELECT FROM pg_database WHERE datname = {database}"
            " AND datdba = to_regrole(quote_ident({owner}))"
        ),
    )
    yield Step(
        "closed the database to the other roles of the server",
        words.do("REVOKE ALL ON DATABASE {database} FROM PUBLIC"),
        words.ask(
            "SELECT FROM pg_database WHERE datname = {database} AND datacl IS NOT NULL"
            " AND NOT EXISTS (SELECT FROM aclexplode(datacl) WHERE grantee = 0)"
        ),
    )
    yield Step(
        f"let {wanted.application_role} make temporary tables",
        words.do("GRANT TEMPORARY ON DATABASE {database} TO {role}"),
        words.ask(
            "SELECT WHERE has_database_privilege({role}, {database}, 'TEMPORARY')"
        ),
    )


def apply(administrator: psycopg.Connection[Any], wanted: Wanted) -> Iterator[str]:
    """Do what is missing and yield what was done; nothing if nothing was.

    ``administrator`` is a connection in autocommit mode of a role that may create roles
    and databases. Raises :class:`ServerTooOld` and :class:`UnsuitableRole`.
    """
    refuse_old_server(administrator.info.server_version)
    row = administrator.execute(
        "SELECT rolsuper, rolname = current_user FROM pg_roles WHERE rolname = %s",
        [wanted.owner],
    ).fetchone()
    if row and any(row):
        raise UnsuitableRole(
            f"{wanted.owner} administers this server, so it cannot be the role that the register works as: put another name into DATABASE_URL."
        )
    for step in steps(wanted):
        if administrator.execute(step.unless).fetchone() is None:
            administrator.execute(step.statement)
            yield step.done


def as_script(wanted: Wanted) -> str:
    """Return the same for ``psql``, to be run by an administrator of the server."""
    lines = [
        "\\set ON_ERROR_STOP on",
        f"SELECT current_setting('server_version_num')::int < {OLDEST_POSTGRES}0000 AS is_too_old \\gset",
        "\\if :is_too_old",
        f"  DO $$ BEGIN RAISE 'The register needs PostgreSQL {OLDEST_POSTGRES} or newer.'; END $$;",
        "\\endif",
    ]
    for step in steps(wanted):
        statement = sql.Literal(step.statement.as_string()).as_string()
        lines.append(
            f"SELECT {statement} WHERE NOT EXISTS ({step.unless.as_string()}) \\gexec"
        )
    return "\n".join(lines)


def refuse_old_server(version: int) -> None:
    """Raise :class:`ServerTooOld` for a ``server_version_num`` that is not supported."""
    if version < OLDEST_POSTGRES * 10_000:
        raise ServerTooOld(
            f"This server is PostgreSQL {version // 10_000}; the register needs {OLDEST_POSTGRES} or newer."
        )


def scram_secret(role: str, password: str) -> str:
    """Return what the server stores of a password, so that no log ever shows it."""
    nowhere = pq.PGconn.connect_start(b"host=/nowhere")  # encrypting needs no server
    try:
        secret = nowhere.encrypt_password(
            password.encode(), role.encode(), b"scram-sha-256"
        )
    finally:
        nowhere.finish()
    return secret.decode()
