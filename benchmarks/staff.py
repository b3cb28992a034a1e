"""A member of staff who opens screens, in this process, as the web would answer.

Requests run as the application role, so that row security holds as it does in the web.
"""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
import time
from collections.abc import Callable, Iterator
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
    ten of them: the sum of one request would measure the neighbours. Now and then a
    request also counts anew what is kept for a while; the usual one is measured.
    """
    usual = statistics.mode(len(answer.seconds) for answer in answers)
    answers = [answer for answer in answers if len(answer.seconds) == usual]
    return float(
        sum(map(min, zip(*(answer.seconds for answer in answers), strict=True)))
    )


class Staff:
    """A browser session of somebody with one role, for all people or some.

    ``scope`` other than "all" is that of the population's seller: one person in fifty is
    the seller's own, one in ten the team's.
    """

    def __init__(self, role: str, *, scope: str = "all") -> None:
        from django.test import Client

        from benchmarks import population
        from register.models import Role, RoleAssignment, User

        name = f"{role}@benchmark.example" if scope == "all" else population.SELLER
        user, _ = User.objects.get_or_create(
            email=name, defaults={"first_name": "Measuring", "last_name": "Person"}
        )
        RoleAssignment.objects.filter(user=user).delete()
        given = Role.objects.get(code=role) if scope == "all" else _limited(role, scope)
        RoleAssignment.objects.create(user=user, role=given)
        self.user, self.scope = user, scope
        self._client = Client(headers={"host": "localhost"})
        self._client.force_login(user)
        session = self._client.session
        # What a log-in with both factors leaves there.
        session["second_factor_vouched"] = True
        session.save()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Let the queries inside reach what this person reaches in the web."""
        from django.conf import settings
        from django.db import connection

        from register.access import reading_as

        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
        try:
            with reading_as(self.user):
                yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("RESET ROLE")

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


def _limited(role: str, scope: str) -> Any:
    """Return a role that may do the same as ``role``, to some people."""
    from register.datamap.vocabulary import HEEDED
    from register.models import Role, RoleRight

    whole = Role.objects.get(code=role)
    limited, is_new = Role.objects.get_or_create(
        code=f"{role}-{scope}",
        defaults={"name": f"{role} {scope}", "default_purpose": whole.default_purpose},
    )
    if is_new:
        for right in RoleRight.objects.filter(role=whole):
            RoleRight.objects.create(
                role=limited,
                category=right.category,
                action=right.action,
                scope="all" if right.category in HEEDED else scope,
            )
    return limited
