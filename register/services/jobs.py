"""Ordering and running background work.

A job is a row; the broker only wakes a worker. Whoever runs a job holds an advisory
lock for it on its database connection, so a killed worker releases it at that moment
and the next sweep hands the job out again, while a living one is never doubled.
Every kind of job can be started again from its beginning: it resumes or repeats
without harm, and says so where it is defined.

A fault of the surroundings (:mod:`register.trouble`) pauses a job, which then goes on
by itself. What always kills its worker is given up: attempts are counted for as long
as none comes farther than those before.
"""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Case, F, PositiveSmallIntegerField, Q, QuerySet, When
from django.db.models.functions import Greatest, Now
from django.utils.functional import Promise
from structlog.contextvars import bound_contextvars

from register import actors, audit
from register.actors import Actor
from register.clocks import agreed_now
from register.database.locks import Lock, release_session_lock, try_session_lock
from register.history.acting import acting
from register.models import Job
from register.trouble import Trouble, trouble_of

logger = logging.getLogger(__name__)

HEARTBEAT = timedelta(seconds=5)
# A job that has not shown a sign of life for this long is handed out again; if its
# worker lives after all, the lock keeps a second one from running it.
STALE = timedelta(seconds=20)
# A job that met a fault of the surroundings waits for so long.
PAUSE = timedelta(seconds=30)
MAX_ATTEMPTS = 5
# How often, and how many seconds apart, a database that went away is asked to note it.
NOTE_TRIES, NOTE_EVERY = 30, 1.0


@dataclasses.dataclass(slots=True)
class Progress:
    """What a running job reports through. Call it outside transactions."""

    job: Job

    def start(self, total: int, *, done: int = 0) -> None:
        """Say how much there is, and how much an earlier attempt has done already."""
        Job.objects.filter(pk=self.job.pk).update(
            total=total,
            done=done,
            counted_from=done,
            counted_from_at=Now(),
            heartbeat_at=Now(),
        )
        self.job.total, self.job.done = total, done

    def advance(self, done: int) -> None:
        """Say how much is done in all."""
        Job.objects.filter(pk=self.job.pk).update(
            done=done,
            heartbeat_at=Now(),
            farthest=Greatest(F("farthest"), done),
            attempts=Case(
                When(farthest__lt=done, then=1),
                default="attempts",
                output_field=PositiveSmallIntegerField(),
            ),
        )
        self.job.done = done

    def count(self, counts: Mapping[str, int]) -> None:
        """Add to the numbers of the result, in the transaction that does what they count.

        So that they are right also if the worker is killed and another goes on. To be
        called last: until the transaction ends, the job shows no sign of life.
        """
        if not any(counts.values()):
            return
        job = Job.objects.get(pk=self.job.pk)
        known: dict[str, int] = job.result.get("counts", {})
        total = {name: known.get(name, 0) + new for name, new in counts.items()}
        Job.objects.filter(pk=job.pk).update(result={"counts": known | total})


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
    transaction.on_commit(lambda: _wake(str(job.pk)), robust=True)
    return job


def waiting() -> QuerySet[Job]:
    """Return jobs that nobody seems to be working on, the oldest first.

    The database's clock decides. A sign of life from the future was written before
    that clock was put back, and says nothing.
    """
    silent = Q(heartbeat_at__lt=Now() - STALE) | Q(heartbeat_at__gt=Now() + STALE)
    over = Q(heartbeat_at__lt=Now() - PAUSE) | Q(heartbeat_at__gt=Now() + STALE)
    return Job.objects.filter(
        Q(state=Job.State.QUEUED, heartbeat_at=None)
        | Q(over, state=Job.State.QUEUED)
        | Q(silent, state=Job.State.RUNNING)
    ).order_by("created_at")


def run(job_id: str | uuid.UUID) -> Job | None:
    """Run a job unless somebody else is running it or it is over.

    An error in the work ends the job as failed with the error's class. A fault of the
    surroundings pauses it, and a worker that dies leaves it to be handed out again; it
    is given up after ``MAX_ATTEMPTS`` that came no farther.
    """
    if not try_session_lock(Lock.JOB, str(job_id)):
        return None
    try:
        with bound_contextvars(job=str(job_id)):
            return _run_locked(job_id)
    finally:
        _release(job_id)


def _run_locked(job_id: str | uuid.UUID) -> Job | None:
    claimed = Job.objects.filter(
        pk=job_id, state__in=[Job.State.QUEUED, Job.State.RUNNING]
    ).update(
        state=Job.State.RUNNING,
        attempts=F("attempts") + 1,
        error_code="",
        started_at=Now(),
        heartbeat_at=Now(),
    )
    if not claimed:
        return None
    job = Job.objects.get(pk=job_id)
    if job.attempts > MAX_ATTEMPTS:
        return _finish(job, state=Job.State.FAILED, error_code="TooManyAttempts")
    beat = _Heartbeat(job)
    beat.start()
    try:
        agreed_now()  # or what the job dates would end at a wrong time
        with acting(_actor_of(job)):
            counts = KINDS[job.kind].run(job.object_id, Progress(job))
    except SoftTimeLimitExceeded:
        # Long work, not broken work: it goes on where it is, with the next sweep.
        _drop_broken_connection()
        return _put_back(job)
    except Exception as error:
        logger.exception("job failed", extra={"job": str(job.pk), "kind": job.kind})
        if trouble := trouble_of(error):
            return _pause(job, trouble)
        _drop_broken_connection()
        return _finish(job, state=Job.State.FAILED, error_code=type(error).__name__)
    finally:
        beat.stop()
    return _finish(job, state=Job.State.DONE, counts=counts)


def _actor_of(job: Job) -> Actor:
    """Return who changes what the job changes: its own number names the operation."""
    if job.created_by is None:
        return dataclasses.replace(actors.system(), request_id=job.pk)
    return actors.of_user(job.created_by, request_id=job.pk)


def _claim_of(job: Job) -> QuerySet[Job]:
    """The job while the claim of this worker on it stands; nothing after another's."""
    return Job.objects.filter(
        pk=job.pk, state=Job.State.RUNNING, started_at=job.started_at
    )


def _pause(job: Job, trouble: Trouble) -> Job:
    """Let the job go on once the fault is over, if it can be noted at all.

    If it cannot, the job is found by its silence, as after a killed worker.
    """
    for last in [False] * (NOTE_TRIES - 1) + [True]:
        try:
            _drop_broken_connection()
            return _put_back(job, trouble)
        except (DatabaseError, InterfaceError):
            if last or connection.in_atomic_block:
                raise
            time.sleep(NOTE_EVERY)
    raise AssertionError("unreachable")


def _put_back(job: Job, trouble: Trouble | None = None) -> Job:
    """Let the job wait to be handed out again; what is not its fault is no attempt."""
    is_blamed = trouble is not None and trouble.blames_the_work
    _claim_of(job).update(
        state=Job.State.QUEUED,
        attempts=F("attempts") - (0 if is_blamed else 1),
        error_code=trouble.code if trouble else "",
        heartbeat_at=Now() if trouble else None,
    )
    job.refresh_from_db()
    return job


def _finish(
    job: Job, *, state: str, error_code: str = "", counts: dict[str, int] | None = None
) -> Job:
    is_done = {"total": Greatest("total", "done"), "done": Greatest("total", "done")}
    _claim_of(job).update(
        state=state,
        error_code=error_code,
        finished_at=Now(),
        **({"result": {"counts": counts}} if counts else {}),
        **(is_done if state == Job.State.DONE else {}),
    )
    job.refresh_from_db()
    return job


def _drop_broken_connection() -> None:
    """Let the next query make a new connection, if this one is of no use any more."""
    if connection.in_atomic_block or connection.connection is None:
        return
    if not connection.is_usable():
        connection.close()


def _release(job_id: str | uuid.UUID) -> None:
    """Release the lock of a job; it is gone already if its connection is."""
    try:
        release_session_lock(Lock.JOB, str(job_id))
    except (DatabaseError, InterfaceError):
        if connection.in_atomic_block:
            raise
        connection.close()


def _wake(job_id: str) -> None:
    from register.tasks import run_job

    try:
        # No second try: whoever ordered the job waits, and the sweep hands it out too.
        run_job.apply_async((job_id,), retry=False)
    except Exception as error:
        if trouble_of(error) is None:
            raise
        logger.warning("no worker could be woken", extra={"job": job_id})


class _Heartbeat(threading.Thread):
    """Shows that the worker lives while one long statement runs."""

    def __init__(self, job: Job) -> None:
        super().__init__(daemon=True, name=f"heartbeat-{job.pk}")
        self._job, self._over = job, threading.Event()

    def run(self) -> None:
        try:
            while not self._over.wait(HEARTBEAT.total_seconds()):
                try:
                    _claim_of(self._job).update(heartbeat_at=Now())
                except (DatabaseError, InterfaceError):
                    connection.close()  # the next beat makes a new one
        finally:
            connection.close()

    def stop(self) -> None:
        self._over.set()
        self.join(timeout=10)
