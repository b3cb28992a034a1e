"""Faults of the surroundings: they pass, and nothing is wrong with what was asked.

A full disk, a database or broker that is away, clocks that disagree, two transactions
in each other's way. Web requests are answered with 503 or 507 and may be sent again;
jobs pause and go on by themselves.
"""

from __future__ import annotations

import dataclasses
import errno
from collections.abc import Iterator

import redis.exceptions
from django import db
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import OperationalError as BrokerFault
from psycopg import Error as PostgresError, InterfaceError, OperationalError

from register.errors import ClocksDisagree


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """A kind of fault.

    ``answer`` is told to whoever asked, ``pause`` to whoever waits for a job. Where
    ``blames_the_work``, a job that meets it again and again is given up in the end.
    """

    code: str
    status: int
    retry_after: int
    heading: str | Promise
    answer: str | Promise
    pause: str | Promise
    blames_the_work: bool = False


DISK_FULL = Trouble(
    "disk_full",
    507,
    60,
    _("The disk is full"),
    _(
        "The disk of the register is full, so nothing of this was stored. Tell an administrator, and try again once there is room."
    ),
    _(
        "The disk of the register is full. This goes on by itself once there is room; tell an administrator."
    ),
)
DATABASE_AWAY = Trouble(
    "database_away",
    503,
    5,
    _("The register cannot answer now"),
    _(
        "The database does not answer. What was not confirmed may not have been stored; try again in a moment."
    ),
    _("The database did not answer. This goes on by itself in a moment."),
)
BROKER_AWAY = Trouble(
    "broker_away",
    503,
    5,
    _("The register cannot answer now"),
    _("The server that hands out work does not answer. Try again in a moment."),
    _(
        "The server that hands out work did not answer. This goes on by itself in a moment."
    ),
)
CLOCKS_DISAGREE = Trouble(
    "clocks_disagree",
    503,
    60,
    _("The clocks disagree"),
    _(
        "The clock of this server and that of the database differ, so nothing that depends on the time is stored or deleted. Tell an administrator, and try again once they agree."
    ),
    _(
        "The clock of the worker and that of the database differ. This goes on by itself once they agree; tell an administrator."
    ),
)
IN_THE_WAY = Trouble(
    "in_the_way",
    503,
    1,
    _("The register cannot answer now"),
    _("Somebody else is changing the same records. Try again in a moment."),
    _("Others were changing the same records. This goes on by itself in a moment."),
    blames_the_work=True,
)
TOO_SLOW = Trouble(
    "too_slow",
    503,
    30,
    _("This takes too long"),
    _(
        "The database did not finish this in time. Try again in a moment, or ask for less."
    ),
    _("The database did not finish a step in time. This goes on by itself."),
    blames_the_work=True,
)
_BY_CODE = {
    trouble.code: trouble
    for trouble in (
        DISK_FULL,
        DATABASE_AWAY,
        BROKER_AWAY,
        CLOCKS_DISAGREE,
        IN_THE_WAY,
        TOO_SLOW,
    )
}

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
# By SQLSTATE (PostgreSQL documentation, appendix A): exact codes before their classes.
_BY_STATE = {
    "53100": DISK_FULL,
    "40001": IN_THE_WAY,  # serialization failure
    "40P01": IN_THE_WAY,  # deadlock
    "55P03": IN_THE_WAY,  # lock timeout
    "57014": TOO_SLOW,  # statement timeout
    "25006": DATABASE_AWAY,  # a standby, while another server takes over
}
_AWAY_CLASSES = ("08", "53", "57", "58")
_BROKER_FAULTS = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.ReadOnlyError,
    BrokerFault,
)


def by_code(code: str) -> Trouble | None:
    """Return the fault that a job paused for."""
    return _BY_CODE.get(code)


def trouble_of(error: BaseException | None) -> Trouble | None:
    """Return the fault of the surroundings that ``error`` comes from, if it is one."""
    for each in _chain(error):
        found = _of_one(each)
        if found is not None:
            return found
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and what it was raised for, the newest first."""
    seen = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (
            None if error.__suppress_context__ else error.__context__
        )


def _of_one(error: BaseException) -> Trouble | None:
    if isinstance(error, ClocksDisagree):
        return CLOCKS_DISAGREE
    if isinstance(error, _BROKER_FAULTS):
        return BROKER_AWAY
    if isinstance(error, redis.exceptions.ResponseError):
        # Its answer to every write while its own disk is full.
        return BROKER_AWAY if str(error).startswith(("MISCONF", "OOM")) else None
    if isinstance(error, PostgresError):
        return _of_database(error)
    if isinstance(error, db.OperationalError | db.InterfaceError):
        # Of Django's own, what they were raised for decides.
        return None if error.__cause__ else DATABASE_AWAY
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return DISK_FULL
    return None


def _of_database(error: PostgresError) -> Trouble | None:
    state = error.sqlstate
    if state is None:
        # The connection could not be made, or is no more.
        is_away = isinstance(error, OperationalError | InterfaceError)
        return DATABASE_AWAY if is_away else None
    if state in _BY_STATE:
        return _BY_STATE[state]
    return DATABASE_AWAY if state.startswith(_AWAY_CLASSES) else None
