"""Ending what is due, in bounded runs that leave a ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import actors, audit
from register.actors import Actor
from register.clocks import steady_now
from register.database.locks import Lock, release_session_lock, try_session_lock
from register.datamap.graph import graph
from retention.batches import Walk
from retention.due import Rule, rules
from retention.held import in_force
from retention.models import Run

# 5,000 chats with their parts take a quarter of a second. Larger batches are no
# faster, and whoever places a hold waits for one.
BATCH_SIZE = 5_000
# After the commit files are removed one by one.
BATCH_SIZE_WITH_FILES = 1_000
# Of each table in one run, so that a flood in one keeps no other waiting.
MAX_BATCHES = 100

# How long a run that found nothing stays in the ledger.
IDLE_RUNS_KEPT = timedelta(days=1)

audit.register_actions(
    {
        "retention.deleted": _("deleted what was due"),
        "retention.failed": _("could not delete what was due"),
    }
)


def sweep(
    at: datetime | None = None,
    *,
    batch_size: int = BATCH_SIZE,
    max_batches: int = MAX_BATCHES,
    actor: Actor | None = None,
    report: Callable[[int], None] | None = None,
) -> Run:
    """End every row that is due at ``at`` (now) and not held; what is left waits for the next run.

    Several sweeps may run at once: they share the rows. Killed at any moment, nothing
    is lost or done twice. ``report`` is told after each batch how many rows are gone.
    Raises ValueError for a moment that has not come yet, and ClocksDisagree while no
    clock can be trusted.
    """
    now = steady_now()
    moment = at or now
    if moment > now:
        raise ValueError("What is not due yet cannot be ended.")
    with _visibly_running() as run:
        deleted, is_complete = 0, True
        for rule in rules():
            walk = Walk(rule, run=run, at=moment, actor=actor or actors.system())
            batches, goes_on = 0, True
            while goes_on and batches < max_batches:
                count, goes_on = walk.next_batch(_size(rule, batch_size))
                if count:
                    # What is held is passed over without using up the batches.
                    batches, deleted = batches + 1, deleted + count
                    if report is not None:
                        report(deleted)
            _record_failures(walk, rule, run, actor or actors.system())
            is_complete = is_complete and not _anything_left(rule, moment)
        Run.objects.filter(pk=run.pk).update(
            finished_at=timezone.now(), is_complete=is_complete
        )
    run.refresh_from_db()
    _forget_idle_runs()
    return run


def _forget_idle_runs() -> None:
    """Delete the rows of runs that found nothing, once they only fill the ledger.

    A day of them shows that the sweep comes round, and there are 144 in a day.
    """
    Run.objects.filter(
        deleted=0,
        is_complete=True,
        batches=None,
        finished_at__lt=timezone.now() - IDLE_RUNS_KEPT,
    ).delete()


@contextlib.contextmanager
def _visibly_running() -> Iterator[Run]:
    """Make a run and hold a lock that dies with its process; close runs that died."""
    run = Run(revision=graph().revision)
    # The lock first: a row without a lock is one that was interrupted.
    try_session_lock(Lock.RETENTION_RUN, str(run.pk))
    try:
        run.save(force_insert=True)
        for other in Run.objects.filter(finished_at=None).exclude(pk=run.pk):
            _close_if_interrupted(other)
        yield run
    finally:
        release_session_lock(Lock.RETENTION_RUN, str(run.pk))


def _close_if_interrupted(run: Run) -> None:
    if not try_session_lock(Lock.RETENTION_RUN, str(run.pk)):
        return
    try:
        last = run.batches.order_by("-id").first()
        Run.objects.filter(pk=run.pk, finished_at=None).update(
            finished_at=last.deleted_at if last else run.started_at
        )
    finally:
        release_session_lock(Lock.RETENTION_RUN, str(run.pk))


def _size(rule: Rule, wanted: int) -> int:
    return min(wanted, BATCH_SIZE_WITH_FILES) if rule.has_files else wanted


def _anything_left(rule: Rule, at: datetime) -> bool:
    free = rule.not_held(in_force())
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT EXISTS (SELECT 1 FROM {rule.table} t WHERE t.ends_at <= %s AND {free.text})",
            [at, *free.params],
        )
        return bool(cursor.fetchone()[0])


def _record_failures(walk: Walk, rule: Rule, run: Run, actor: Actor) -> None:
    for error, count in walk.failures.items():
        audit.record(
            "retention.failed",
            actor=actor,
            obj=run,
            rule=rule.ends.rule,
            kind=error,
            count=count,
        )
