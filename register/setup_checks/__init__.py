"""What an installation needs before it can be relied on: a registry of live checks.

Each app may bring a module ``setup_checks`` that calls :func:`register`. The command
``manage.py setup`` and the set-up page ask the same checks. Their sentences name
settings, counts and times, never a secret or a person.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator

from django.db import DatabaseError, connection, models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from psycopg.errors import UndefinedColumn, UndefinedTable

logger = logging.getLogger(__name__)

Text = str | Promise


class State(models.TextChoices):
    """How it stands with one thing. The words are stable: programs read them."""

    OK = "ok", _("in order")
    WARNING = "warning", _("to be looked at")
    MISSING = "missing", _("missing")
    UNKNOWN = "unknown", _("cannot be checked")


class Group(models.TextChoices):
    """Under which heading a check stands, in the order of setting up."""

    KEYS = "keys", _("Keys and addresses")
    SERVERS = "servers", _("Database and Redis")
    FILES = "files", _("Files")
    PEOPLE = "people", _("Controller and accounts")
    PROCESSES = "processes", _("Background work")


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What a check saw, and what is to be done; ``page`` names where, for ``reverse``."""

    state: State
    says: Text
    todo: Text = ""
    page: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """One question about the installation."""

    code: str
    title: Text
    group: Group
    order: int
    run: Callable[[], Outcome]
    needs_database: bool
    is_of_web: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Result:
    """A check with its outcome."""

    check: Check
    outcome: Outcome

    @property
    def mark(self) -> str:
        """How the outcome is coloured: good, warn or bad."""
        return {State.OK: "good", State.MISSING: "bad"}.get(self.outcome.state, "warn")


_CHECKS: dict[str, Check] = {}


def ok(says: Text) -> Outcome:
    """Return that nothing is to be done."""
    return Outcome(State.OK, says)


def warning(says: Text, todo: Text, page: str = "") -> Outcome:
    """Return that the register works, but not as it should."""
    return Outcome(State.WARNING, says, todo, page)


def missing(says: Text, todo: Text, page: str = "") -> Outcome:
    """Return that the register cannot be relied on before this is done."""
    return Outcome(State.MISSING, says, todo, page)


def register(
    code: str,
    title: Text,
    *,
    group: Group,
    order: int,
    needs_database: bool = True,
    is_of_web: bool = False,
) -> Callable[[Callable[[], Outcome]], Callable[[], Outcome]]:
    """Make a function a check; ``order`` sorts within the group, smallest first.

    One that ``is_of_web`` looks at the process that asks, which must be a web process.
    """

    def decorate(function: Callable[[], Outcome]) -> Callable[[], Outcome]:
        _CHECKS[code] = Check(
            code, title, group, order, function, needs_database, is_of_web
        )
        return function

    return decorate


def run_all(*, in_web: bool = False) -> list[Result]:
    """Ask every check. One that fails itself cannot be checked; it stops no other.

    ``in_web`` says that a web process asks, so that it is looked at too.
    """
    checks = [each for each in _CHECKS.values() if in_web or not each.is_of_web]
    return list(_run(sorted(checks, key=_place)))


def not_in_order(results: list[Result]) -> list[Result]:
    """Return those that somebody has to look at, what is missing first."""
    order = {State.MISSING: 0, State.UNKNOWN: 1, State.WARNING: 2}
    found = [result for result in results if result.outcome.state in order]
    return sorted(found, key=lambda result: order[result.outcome.state])


def _place(check: Check) -> tuple[int, int]:
    return list(Group).index(check.group), check.order


def _run(checks: list[Check]) -> Iterator[Result]:
    is_reachable = _database_answers()
    for check in checks:
        if check.needs_database and not is_reachable:
            outcome = Outcome(State.UNKNOWN, _("The database does not answer."))
        else:
            outcome = _outcome(check)
        yield Result(check, outcome)


def _outcome(check: Check) -> Outcome:
    try:
        if not check.needs_database:
            return check.run()
        # A statement that fails must not spoil the transaction of whoever asks.
        with transaction.atomic():
            return check.run()
    except Exception as error:  # noqa: BLE001 - whatever it is, it stops no other check
        # Its text may quote what stands in the database; its class does not.
        logger.warning("set-up check failed", extra={"kind": check.code})
        return Outcome(
            State.UNKNOWN,
            _("The check itself failed (%(error)s).") % {"error": type(error).__name__},
            _("Run manage.py migrate.") if _lacks_tables(error) else "",
        )


def _lacks_tables(error: Exception) -> bool:
    return isinstance(error.__cause__, UndefinedTable | UndefinedColumn)


def _database_answers() -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError:
        return False
    return True
