"""A member of staff who opens screens, in this process, as the web would answer.

Requests run as the application role, so that row security holds as it does in the web.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any

# Without the list of fingerprinted names that `collectstatic` makes.
PLAIN_FILES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a request asked of the database: its statements, and the seconds of each."""

    statements: tuple[str, ...]
    seconds: tuple[float, ...]


def quickest(answers: list[Answer]) -> float:
    """Return the seconds of all statements of a request, each at its quickest.

    A busy machine makes every statement wait for its turn now and then, and a page has
    ten of them: the sum of one request would measure the neighbours.
    """
    if len({len(answer.seconds) for answer in answers}) != 1:
        raise RuntimeError("The same page did not always ask the same.")
    return float(
        sum(map(min, zip(*(answer.seconds for answer in answers), strict=True)))
    )


class Staff:
    """A browser session of somebody with one role."""

    def __init__(self, role: str) -> None:
        from django.test import Client

        from register.models import Role, RoleAssignment, User

        user, is_new = User.objects.get_or_create(
            email=f"{role}@benchmark.example",
            defaults={"first_name": "Measuring", "last_name": "Person"},
        )
        if is_new:
            RoleAssignment.objects.create(user=user, role=Role.objects.get(code=role))
        self._client = Client(headers={"host": "localhost"})
        self._client.force_login(user)
        session = self._client.session
        # What a log-in with both factors leaves there.
        session["second_factor_vouched"] = True
        session.save()

    def get(self, address: str) -> Answer:
        """Ask for a page. Raises RuntimeError if it is not there."""
        from django.conf import settings
        from django.db import connection
        from django.test import override_settings

        statements: list[str] = []
        spent: list[float] = []

        def measure(execute: Callable[..., Any], sql: str, *more: Any) -> Any:
            began = time.perf_counter()
            try:
                return execute(sql, *more)
            finally:
                spent.append(time.perf_counter() - began)
                statements.append(sql)

        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
        try:
            with (
                override_settings(STORAGES=settings.STORAGES | PLAIN_FILES),
                connection.execute_wrapper(measure),
            ):
                response = self._client.get(address)
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")
        if response.status_code != 200:
            raise RuntimeError(f"{address} answered {response.status_code}.")
        return Answer(tuple(statements), tuple(spent))
