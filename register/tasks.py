"""Scheduled work of the register itself. No rule stands here: each calls one service."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.utils import timezone

from register import audit, clocks, files
from register.conformance import running
from register.lookups import watching
from register.models import IdempotencyKey
from register.services import accounts, jobs, sessions, verification

IDEMPOTENCY_PERIOD = timedelta(days=2)


@shared_task
def run_job(job_id: str) -> None:
    """Run one job, unless it is over or somebody runs it."""
    jobs.run(job_id)


@shared_task
def sweep_jobs() -> int:
    """Hand out jobs that nobody works on: lost messages, killed workers."""
    found = list(jobs.waiting().values_list("pk", flat=True)[:50])
    for pk in found:
        run_job.delay(str(pk))
    return len(found)


@shared_task
def seal_audit_trail() -> int:
    """Seal new audit entries, at most ten batches a run."""
    total = 0
    for _ in range(10):
        sealed = audit.seal()
        total += sealed
        if sealed < audit.SEAL_BATCH:
            break
    return total


@shared_task
def order_audit_verification() -> None:
    """Have the whole audit trail verified, once a day."""
    verification.order_daily()


@shared_task
def sweep_file_removals() -> int:
    """Remove files whose rows are gone, at most 20,000 a run."""
    total = 0
    for _ in range(20):
        removed = files.remove_due()
        total += removed
        if not removed:
            break
    return total


@shared_task
def sweep_idempotency_keys() -> int:
    """Forget the keys of writes that are too old to be sent again."""
    limit = clocks.steady_now() - IDEMPOTENCY_PERIOD
    return IdempotencyKey.objects.filter(created_at__lt=limit).delete()[0]


@shared_task
def sweep_sessions() -> int:
    """Delete sessions that have expired, or began on a clock that was ahead."""
    now = timezone.now()
    longest = now + timedelta(seconds=settings.SESSION_COOKIE_AGE, hours=1)
    over = Q(expire_date__lt=now) | Q(expire_date__gt=longest)
    deleted = Session.objects.filter(over).delete()[0]
    sessions.sweep_ended()
    return deleted


@shared_task
def sweep_unused_accounts() -> int:
    """Disable accounts that nobody used for long; return how many."""
    return accounts.disable_unused()


@shared_task
def check_conformance() -> bool:
    """Go through the clauses of the notice, if an hour has passed or one is broken."""
    return running.run_if_due()


@shared_task
def watch_look_ups() -> int:
    """Look for unusual look-ups in what has been sealed since the last time."""
    return watching.watch()
