"""``manage.py database_roles``: the two roles and the database, on an ordinary server."""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from register.database import roles
from settings import environment

ADMINISTRATOR = "DATABASE_ADMIN_URL"


class Command(BaseCommand):
    """Makes what DATABASE_URL names, as the administrator of DATABASE_ADMIN_URL."""

    help = (
        "Make the owner role, the application role and the database that DATABASE_URL names. "
        "With DATABASE_ADMIN_URL (or DATABASE_ADMIN_URL_FILE) it is done, else the SQL for psql is printed. "
        "Safe to run again; it also sets the password of DATABASE_URL anew."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument(
            "--print",
            action="store_true",
            dest="only_print",
            help="print the SQL even if DATABASE_ADMIN_URL is set",
        )
        parser.add_argument(
            "--for-tests",
            action="store_true",
            help="let the owner create databases, as a test suite must",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print or do it, and see that the owner can log in and take the other role."""
        for problem in environment.problems:
            raise CommandError(f"{problem.wrong} {problem.hint}")
        server = environment.database("DATABASE_URL")
        if server is None:
            raise CommandError(
                "DATABASE_URL is not set: the embedded server makes its roles by itself."
            )
        if not server["USER"]:
            raise CommandError("DATABASE_URL names no user, which is to be the owner.")
        wanted = roles.Wanted(
            owner=server["USER"],
            database=server["NAME"],
            application_role=settings.APPLICATION_ROLE,
            password=server["PASSWORD"],
            may_create_databases=options["for_tests"],
        )
        administrator = environment.database(ADMINISTRATOR)
        if administrator is None or options["only_print"]:
            self.stdout.write(roles.as_script(wanted))
            return
        self._make(wanted, administrator)
        self._try(wanted, server)

    def _make(self, wanted: roles.Wanted, administrator: dict[str, Any]) -> None:
        try:
            with _connect(administrator) as connection:
                done = list(roles.apply(connection, wanted))
        except (roles.ServerTooOld, roles.UnsuitableRole) as error:
            raise CommandError(str(error)) from error
        except psycopg.Error as error:
            raise CommandError(
                f"As the administrator of {ADMINISTRATOR}: {_first_line(error)}"
            ) from error
        for each in done:
            self.stdout.write(each)
        if not done:
            self.stdout.write("Everything was there.")

    def _try(self, wanted: roles.Wanted, server: dict[str, Any]) -> None:
        try:
            with _connect(server) as connection:
                connection.execute(f"SET ROLE {wanted.application_role}")
        except psycopg.Error as error:
            raise CommandError(
                f"The roles are there, but {wanted.owner} cannot work: {_first_line(error)}"
            ) from error
        self.stdout.write(
            f"{wanted.owner} can log in to {wanted.database} and take the role {wanted.application_role}. Next: manage.py migrate"
        )


def _connect(server: dict[str, Any]) -> psycopg.Connection[Any]:
    named = {
        "host": server["HOST"],
        "port": server["PORT"],
        "user": server["USER"],
        "password": server["PASSWORD"],
        "dbname": server["NAME"],
    }
    given = {key: value for key, value in named.items() if value}
    options = {"connect_timeout": 10, **server.get("OPTIONS", {})}
    return psycopg.connect(**given, **options, autocommit=True)


def _first_line(error: psycopg.Error) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
