"""Asking every check, and keeping what they answered.

Numbers, times and codes are kept, never what stands in a row. A check that fails, or
takes too long, shows as broken: nobody may take its silence for a yes.
"""

from __future__ import annotations

import dataclasses
import logging
import time
import uuid
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import actors, audit
from register.actors import Actor
from register.conformance.clauses import CLAUSES
from register.conformance.registry import (
    CHECKS,
    Board,
    Check,
    Status,
    checks_of,
    gaps_of,
    worst,
)
from register.database.clock import database_now
from register.database.locks import Lock, advisory_locks
from register.database.visibility import counting_everything
from register.datamap.graph import graph
from register.models import ConformanceRun, Job
from register.services import jobs

logger = logging.getLogger(__name__)

KIND = "register.check_conformance"
# A check at a million people takes a tenth of a second; this ends one that got lost.
CHECK_TIMEOUT = "20s"
EVERY = timedelta(hours=1)
# After this long without a run the scheduler or the worker has stopped.
SILENCE = timedelta(hours=2)
# Rows that a check names at most, so that a run stays small.
MAX_RECORDS = 50
MAX_CODES = 50

audit.register_actions(
    {
        "clause.broken": _("found a clause of the notice broken"),
        "clause.mended": _("found a broken clause of the notice mended"),
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One check or gap of a clause, with what it said. Plain data throughout."""

    code: str
    status: str
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)
    records: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    milliseconds: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Clause:
    """How one clause stood, and since when it has stood so."""

    id: str
    status: str
    since: datetime
    parts: list[Part]


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """The whole board at one moment."""

    checked_at: datetime
    revision: str
    clauses: list[Clause]

    def count(self, status: Status) -> int:
        """How many clauses stand so."""
        return sum(clause.status == status for clause in self.clauses)

    def as_json(self) -> dict[str, Any]:
        """Return the board as plain data: what ``docs/conformance.md`` describes."""
        checked_at = self.checked_at.isoformat()
        return {
            "checked_at": checked_at,
            "revision": self.revision,
            "counts": {status.value: self.count(status) for status in Status},
            "clauses": [
                {
                    "id": clause.id,
                    "title": str(CLAUSES[clause.id]),
                    "status": clause.status,
                    "since": clause.since.isoformat(),
                    "checked_at": checked_at,
                    "evidence": [dataclasses.asdict(part) for part in clause.parts],
                }
                for clause in self.clauses
            ],
        }


def report(at: datetime | None = None) -> Report:
    """Ask every check now and return the board; nothing is kept."""
    with counting_everything():
        moment = at or database_now()
        board = Board(moment)
        parts = {check.code: _ask(check, board) for check in CHECKS.values()}
    before = newest_statuses()
    clauses = []
    for clause in CLAUSES:
        found = [parts[check.code] for check in checks_of(clause)]
        found += [Part(gap.code, str(gap.status)) for gap in gaps_of(clause)]
        status = str(worst(Status(part.status) for part in found))
        was, since = before.get(clause, ("", moment))
        clauses.append(
            Clause(clause, status, since if was == status else moment, found)
        )
    return Report(moment, graph().revision, clauses)


def run() -> ConformanceRun:
    """Ask every check and keep the answers; what changed goes into the audit trail."""
    # Before the checks: one of them asks whether the board is looked after.
    row = ConformanceRun.objects.create()
    before = newest_statuses()
    found = report()
    with transaction.atomic():
        row.finished_at = timezone.now()
        row.revision = found.revision
        row.counts = found.as_json()["counts"]
        row.results = [_stored(clause) for clause in found.clauses]
        row.save()
        _record_changes(before, found)
    return row


def run_if_due() -> bool:
    """Run once an hour; sooner while something is broken, so that mending shows."""
    last = newest()
    is_recent = last is not None and last.started_at > timezone.now() - EVERY
    if last is not None and is_recent and not last.counts.get(Status.BROKEN):
        return False
    run()
    return True


def newest() -> ConformanceRun | None:
    """Return the newest run that came to its end."""
    return ConformanceRun.objects.filter(finished_at__isnull=False).first()


def is_silent(last: ConformanceRun | None) -> bool:
    """Whether the board is not looked after any more."""
    return last is None or last.started_at < timezone.now() - SILENCE


def newest_statuses() -> dict[str, tuple[str, datetime]]:
    """Return how each clause stood at the newest run, and since when."""
    last = newest()
    return {
        stored["id"]: (stored["status"], datetime.fromisoformat(stored["since"]))
        for stored in (last.results if last else [])
    }


@transaction.atomic
def order(*, actor: Actor) -> Job:
    """Order a run, or return the one that is waiting or running already."""
    advisory_locks(Lock.JOB, [KIND])
    unfinished = Job.objects.filter(
        kind=KIND, state__in=[Job.State.QUEUED, Job.State.RUNNING]
    ).first()
    return unfinished or jobs.order(KIND, object_id="", actor=actor)


@jobs.register_kind(KIND, _("Checking the promises of the notice"))
def _run_as_job(object_id: str, progress: jobs.Progress) -> dict[str, int]:
    """Run all checks. Run again, they are asked anew."""
    progress.start(len(CHECKS))
    return dict(run().counts)


def answer(code: str) -> Part:
    """Ask one check now and return what it says; nothing is kept."""
    with counting_everything():
        return _ask(CHECKS[code], Board(database_now()))


def _ask(check: Check, board: Board) -> Part:
    started = time.monotonic()
    try:
        # A savepoint: what one check breaks, the next must not find broken.
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{CHECK_TIMEOUT}'")
            finding = check.ask(board)
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL statement_timeout = DEFAULT")
        status = str(finding.status)
        facts = {name: _plain(fact) for name, fact in finding.facts.items()}
        records = [(label, str(key)) for label, key in finding.records[:MAX_RECORDS]]
    except Exception as error:
        logger.exception("conformance check failed", extra={"kind": check.code})
        status, facts, records = str(Status.BROKEN), {"error": _name(error)}, []
    spent = round((time.monotonic() - started) * 1000)
    return Part(check.code, status, facts, records, spent)


def _plain(fact: Any) -> Any:
    """Return a fact as JSON has it; refuse what is neither number, time nor code."""
    match fact:
        case datetime() | date():
            return fact.isoformat()
        case uuid.UUID():
            return str(fact)
        case None | bool() | int() | float() | str():
            return fact
        case list() | tuple() | set() | frozenset():
            in_order = sorted(fact) if isinstance(fact, set | frozenset) else fact
            return [_plain(each) for each in list(in_order)[:MAX_CODES]]
        case dict():
            return {str(key): _plain(each) for key, each in fact.items()}
    raise TypeError(f"{type(fact).__name__} is no evidence.")


def _name(error: Exception) -> str:
    # The class alone: the text of a database error quotes values.
    cause = error.__cause__
    return type(cause if cause is not None else error).__name__


def _stored(clause: Clause) -> dict[str, Any]:
    return {
        "id": clause.id,
        "status": clause.status,
        "since": clause.since.isoformat(),
        "parts": [_without_records(part) for part in clause.parts],
    }


def _without_records(part: Part) -> dict[str, Any]:
    # A person who is erased must not stay here by number; how many rows is enough.
    return {**dataclasses.asdict(part), "records": len(part.records)}


def _record_changes(before: dict[str, tuple[str, datetime]], found: Report) -> None:
    for clause in found.clauses:
        was = before.get(clause.id, ("", None))[0] == Status.BROKEN
        is_broken = clause.status == Status.BROKEN
        if was != is_broken:
            action = "clause.broken" if is_broken else "clause.mended"
            audit.record(action, actor=actors.system(), rule=clause.id)
