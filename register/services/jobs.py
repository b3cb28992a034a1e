"""Ordering and running background work.

A job is a row; the broker only wakes a worker. Whoever runs a job holds an advisory
lock for it on its database connection, so a killed worker releases it at that moment
and the next sweep hands the job out again, while a living one is never doubled.
Every kind of job can be started again from its beginning: it resumes or repeats
without harm, and says so where it is defined.
"""

from __future__ import annotations

import dataclasses
import functools
import logging
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import connection, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from register import audit
from register.actors import Actor
from register.database.locks import Lock, release_session_lock, try_session_lock
from register.models import Job

logger = logging.getLogger(__name__)

HEARTBEAT = timedelta(seconds=5)
# A job that has not shown a sign of life for this long is handed out again; if its
# worker lives after all, the lock keeps a second one from running it.
STALE = timedelta(seconds=20)
MAX_ATTEMPTS = 5


@dataclasses.dataclass(slots=True)
class Progress:
    """What a running job reports through. Call it outside transactions."""

    job: Job

    def start(self, total: int, *, done: int = 0) -> None:
        """Say how much there is, and how much an earlier attempt has done already."""
        Job.objects.filter(pk=self.job.pk).update(
            total=total, done=done, heartbeat_at=timezone.now()
        )
        self.job.total, self.job.done = total, done

    def advance(self, done: int) -> None:
        """Say how much is done in all."""
        Job.objects.filter(pk=self.job.pk).update(
            done=done, heartbeat_at=timezone.now()
        )
        self.job.done = done


@dataclasses.dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of work: its title for people and the function that does it.

    The function gets the job's ``object_id`` and a :class:`Progress`, and returns
    numbers for the result.
    """

    code: str
    title: str | Promise
    run: Callable[[str, Progress], dict[str, int]]


KINDS: dict[str, JobKind] = {}


def register_kind(
    code: str, title: str | Promise
) -> Callable[
    [Callable[[str, Progress], dict[str, int]]],
    Callable[[str, Progress], dict[str, int]],
]:
    """Make a function a kind of job."""

    def decorate(
        function: Callable[[str, Progress], dict[str, int]],
    ) -> Callable[[str, Progress], dict[str, int]]:
        KINDS[code] = JobKind(code, title, function)
        return function

    return decorate


@transaction.atomic
def order(kind: str, *, object_id: str | uuid.UUID, actor: Actor) -> Job:
    """Order a job; a worker is woken once the transaction commits."""
    if kind not in KINDS:
        raise ValueError(f"The kind of job {kind!r} is not registered.")
    job = Job.objects.create(kind=kind, object_id=str(object_id), created_by=actor.user)
    audit.record("job.ordered", actor=actor, obj=job, kind=kind)
    transaction.on_commit(functools.partial(_wake, str(job.pk)), robust=True)
    return job


def waiting(*, at: object = None) -> QuerySet[Job]:
    """Return jobs that nobody seems to be working on."""
    silent_since = timezone.now() - STALE
    return Job.objects.filter(
        Q(state=Job.State.QUEUED)
        | Q(state=Job.State.RUNNING, heartbeat_at__lt=silent_since)
    ).order_by("created_at")


def run(job_id: str | uuid.UUID) -> Job | None:
    """Run a job unless somebody else is running it or it is over.

    An error in the work ends the job as failed with the error's class; a worker that
    dies leaves it to be handed out again, at most ``MAX_ATTEMPTS`` times.
    """
    if not try_session_lock(Lock.JOB, str(job_id)):
        return None
    try:
        return _run_locked(job_id)
    finally:
        release_session_lock(Lock.JOB, str(job_id))


def _run_locked(job_id: str | uuid.UUID) -> Job | None:
    now = timezone.now()
    claimed = Job.objects.filter(
        pk=job_id, state__in=[Job.State.QUEUED, Job.State.RUNNING]
    ).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        started_at=now,
        heartbeat_at=now,
    )
    if not claimed:
        return None
    job = Job.objects.get(pk=job_id)
    if job.attempts > MAX_ATTEMPTS:
        return _finish(job, state=Job.State.FAILED, error_code="TooManyAttempts")
    beat = _Heartbeat(job)
    beat.start()
    try:
        counts = KINDS[job.kind].run(job.object_id, Progress(job))
    except SoftTimeLimitExceeded:
        # Long work, not broken work: it goes on where it is, with the next sweep.
        return _put_back(job)
    except Exception as error:
        logger.exception("job failed", extra={"job": str(job.pk), "kind": job.kind})
        return _finish(job, state=Job.State.FAILED, error_code=type(error).__name__)
    finally:
        beat.stop()
    return _finish(job, state=Job.State.DONE, counts=counts)


def _put_back(job: Job) -> Job:
    """Let the job wait to be handed out again; time used up is no failed attempt."""
    Job.objects.filter(pk=job.pk).update(
        state=Job.State.QUEUED, attempts=F("attempts") - 1
    )
    job.refresh_from_db()
    return job


def _finish(
    job: Job, *, state: str, error_code: str = "", counts: dict[str, int] | None = None
) -> Job:
    job.refresh_from_db()
    job.state, job.error_code, job.finished_at = state, error_code, timezone.now()
    job.result = {"counts": counts} if counts else {}
    if state == Job.State.DONE:
        job.total = job.done = max(job.total, job.done)
    job.save()
    return job


def _wake(job_id: str) -> None:
    from register.tasks import run_job

    run_job.delay(job_id)


class _Heartbeat(threading.Thread):
    """Shows that the worker lives while one long statement runs."""

    def __init__(self, job: Job) -> None:
        super().__init__(daemon=True, name=f"heartbeat-{job.pk}")
        self._job, self._over = job, threading.Event()

    def run(self) -> None:
        try:
            while not self._over.wait(HEARTBEAT.total_seconds()):
                Job.objects.filter(pk=self._job.pk, state=Job.State.RUNNING).update(
                    heartbeat_at=timezone.now()
                )
        finally:
            connection.close()

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=10)
