"""The role and the database that whoever uses the services finds there."""

from __future__ import annotations

import time

from .places import DATABASE, PORT, ROLE, EmbeddedServicesError, Places

# SQLSTATE. No code at all: the connection failed; the others: PostgreSQL is going down.
_WENT_AWAY = {None, "57P01", "57P03"}
# Duplicate key, object or database, "tuple concurrently updated", database in use:
# PostgreSQL is still at what a starter ordered that was killed before it was done.
_JUST_BEING_MADE = {"23505", "42710", "42P04", "XX000", "55006"}


def make_role_and_database(places: Places, deadline: float) -> bool:
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
