"""A job is a row: claimed once, handed out again when its worker dies, shown as it goes."""

from __future__ import annotations

import errno
import re
import threading
import time
from datetime import timedelta

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connection
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerError
from psycopg.errors import DeadlockDetected

from register import actors, tasks
from register.models import AuditEntry, Job
from register.screens import jobs as progress
from register.services import jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def work(monkeypatch):
    """Return the calls of a kind of job; ``work.does`` is what it does."""

    class Work(list):
        def does(self, object_id, report):
            report.start(4)
            report.advance(3)
            return {"things": 4}

    calls = Work()

    def run(object_id, report):
        calls.append(object_id)
        return calls.does(object_id, report)

    kind = jobs.JobKind("test.work", "Working", run)
    monkeypatch.setitem(jobs.KINDS, kind.code, kind)
    return calls


def order(user) -> Job:
    return jobs.order("test.work", object_id="42", actor=actors.of_user(user))


def page(job, name="register_job_progress"):
    return reverse(f"admin:{name}", args=[job.pk])


def test_a_job_runs_to_its_end_and_keeps_its_numbers(marketer, work):
    job = order(marketer)

    done = jobs.run(job.pk)

    assert work == ["42"]
    assert (done.state, done.done, done.total) == (Job.State.DONE, 4, 4)
    assert done.result == {"counts": {"things": 4}}
    assert done.finished_at is not None
    assert AuditEntry.objects.get(action="job.ordered").object_id == str(job.pk)


def test_a_worker_is_woken_only_once_the_order_is_committed(
    marketer, work, monkeypatch, django_capture_on_commit_callbacks
):
    woken = []
    monkeypatch.setattr(
        tasks.run_job, "apply_async", lambda args, **_: woken.extend(args)
    )

    with django_capture_on_commit_callbacks(execute=True):
        job = order(marketer)
        assert woken == []

    assert woken == [str(job.pk)]


def test_a_job_that_is_over_is_not_run_again(marketer, work):
    job = order(marketer)
    jobs.run(job.pk)

    assert jobs.run(job.pk) is None
    assert work == ["42"]


def test_an_unknown_kind_is_refused(marketer):
    with pytest.raises(ValueError, match="not registered"):
        jobs.order("no.such", object_id="1", actor=actors.of_user(marketer))
    assert not Job.objects.exists()


def test_a_failure_is_marked_by_its_class_and_never_by_its_text(marketer, work):
    def fail(object_id, report):
        raise LookupError("bruno.makela@esimerkki.example")

    work.does = fail

    failed = jobs.run(order(marketer).pk)

    assert (failed.state, failed.error_code) == (Job.State.FAILED, "LookupError")
    assert "bruno" not in str(Job.objects.values().get())


def test_a_job_whose_worker_is_silent_is_handed_out_again(
    marketer, work, monkeypatch, django_capture_on_commit_callbacks
):
    job = order(marketer)
    woken = []
    monkeypatch.setattr(tasks.run_job, "delay", woken.append)
    running = Job.objects.filter(pk=job.pk)
    running.update(state=Job.State.RUNNING, heartbeat_at=timezone.now())
    assert tasks.sweep_jobs() == 0

    running.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))

    assert tasks.sweep_jobs() == 1
    assert woken == [str(job.pk)]
    assert jobs.run(job.pk).state == Job.State.DONE


def test_a_job_that_keeps_killing_its_worker_is_given_up(marketer, work):
    job = order(marketer)
    Job.objects.update(attempts=jobs.MAX_ATTEMPTS)

    given_up = jobs.run(job.pk)

    assert (given_up.state, given_up.error_code) == (
        Job.State.FAILED,
        "TooManyAttempts",
    )
    assert work == []


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_run_a_job_once(marketer, work):
    def slowly(object_id, report):
        time.sleep(0.5)
        return {}

    work.does = slowly
    job = order(marketer)
    results = []

    def worker():
        try:
            results.append(jobs.run(job.pk))
        finally:
            connection.close()

    workers = [threading.Thread(target=worker) for _ in range(2)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()

    assert work == ["42"]
    assert [result is None for result in results].count(True) == 1


# --- faults of the surroundings ----------------------------------------------------------


def no_room(object_id, report):
    report.start(4)
    report.advance(2)
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_job_waits_for_room_on_a_full_disk_and_goes_on_by_itself(marketer, work):
    job = order(marketer)
    work.does = no_room

    for _ in range(jobs.MAX_ATTEMPTS + 2):
        paused = jobs.run(job.pk)
        assert (paused.state, paused.error_code) == (Job.State.QUEUED, "disk_full")
        assert not jobs.waiting().exists()
        Job.objects.update(heartbeat_at=Now() - jobs.PAUSE)
        assert list(jobs.waiting()) == [paused]

    del work.does
    done = jobs.run(job.pk)
    assert (done.state, done.error_code) == (Job.State.DONE, "")


def test_whoever_waits_for_a_paused_job_is_told_why(marketer, work, client_of):
    job = order(marketer)
    work.does = no_room
    jobs.run(job.pk)

    html = client_of(marketer).get(page(job)).content.decode()

    assert "The disk of the register is full. This goes on by itself" in html


def test_two_in_each_others_way_are_tried_again_but_not_for_ever(marketer, work):
    def deadlock(object_id, report):
        raise OperationalError from DeadlockDetected()

    work.does = deadlock
    job = order(marketer)

    states = [jobs.run(job.pk).state for _ in range(jobs.MAX_ATTEMPTS + 1)]

    assert states == [Job.State.QUEUED] * jobs.MAX_ATTEMPTS + [Job.State.FAILED]


def test_a_killed_worker_counts_only_where_it_came_no_farther(marketer, work):
    class Killed(BaseException):
        pass

    def one_step(object_id, report):
        report.start(100, done=job.done)
        report.advance(min(job.done + 1, 3))
        raise Killed

    work.does = one_step
    job = order(marketer)

    attempts = []
    for _ in range(6):
        with pytest.raises(Killed):
            jobs.run(job.pk)
        job.refresh_from_db()
        attempts.append(job.attempts)

    # It came farther three times, and stands before the same step ever since.
    assert attempts == [1, 1, 1, 2, 3, 4]


def test_a_job_that_was_taken_over_is_left_to_the_one_that_has_it(marketer, work):
    job = order(marketer)

    def loses_its_claim(object_id, report):
        Job.objects.update(started_at=Now() + timedelta(seconds=1))
        return {"things": 1}

    work.does = loses_its_claim
    left = jobs.run(job.pk)

    assert (left.state, left.result) == (Job.State.RUNNING, {})


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_connection_is_cut_is_put_back_over_a_new_one(marketer, work):
    def cut(object_id, report):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    work.does = cut
    job = order(marketer)

    paused = jobs.run(job.pk)

    assert (paused.state, paused.error_code) == (Job.State.QUEUED, "database_away")
    assert paused.attempts == 0
    del work.does
    assert jobs.run(job.pk).state == Job.State.DONE


def test_a_sign_of_life_from_the_future_does_not_keep_a_job_from_being_found(
    marketer, work
):
    job = order(marketer)
    ahead = Now() + timedelta(days=365)

    for state in (Job.State.RUNNING, Job.State.QUEUED):
        Job.objects.update(state=state, heartbeat_at=ahead)
        assert list(jobs.waiting()) == [job]


def test_a_broker_that_is_away_does_not_keep_anybody_from_ordering(
    marketer, work, monkeypatch, django_capture_on_commit_callbacks
):
    def away(*args, **kwargs):
        raise BrokerError

    monkeypatch.setattr(tasks.run_job, "apply_async", away)

    with django_capture_on_commit_callbacks(execute=True):
        job = order(marketer)

    assert list(jobs.waiting()) == [job]


# --- on the screen ---------------------------------------------------------------------


def test_the_page_shows_a_bar_that_renews_itself(marketer, work, client_of):
    job = order(marketer)
    Job.objects.update(state=Job.State.RUNNING, done=30, total=120)

    html = client_of(marketer).get(page(job)).content.decode()

    assert "Working" in html
    assert '<progress class="sel-progress sel-progress-wide"' in html
    assert 'value="25"' in html
    assert "30 of 120" in html
    assert 'hx-trigger="every 1s"' in html
    assert "<noscript>" in html


@pytest.mark.parametrize(
    ("seconds", "counted_from", "done", "words"),
    [
        (9, 0, 500, ""),  # too early to tell
        (60, 0, 0, ""),
        (60, 0, 900, "less than a minute left"),
        (60, 0, 500, "about 1 minute left"),
        (60, 0, 250, "about 3 minutes left"),
        # What an earlier attempt did took no time of this one's.
        (60, 400, 600, "about 2 minutes left"),
        (600, 0, 50, "about 3 hours left"),
        (60, 0, 1000, ""),
    ],
)
def test_the_page_tells_how_long_the_rest_takes_at_the_pace_so_far(
    marketer, work, client_of, seconds, counted_from, done, words
):
    job = order(marketer)
    at = timezone.now()
    Job.objects.filter(pk=job.pk).update(
        state="running",
        total=1000,
        done=done,
        counted_from=counted_from,
        counted_from_at=at - timedelta(seconds=seconds),
        heartbeat_at=at,
    )

    shown = client_of(marketer).get(page(job)).content.decode()

    assert re.findall(r"<span>((?:about|less)[^<]* left)</span>", shown) == (
        [words] if words else []
    )


def test_a_job_counts_from_where_it_began(marketer, work):
    def does(object_id, report):
        report.start(10, done=4)
        report.advance(5)
        return {}

    work.does = does
    job = jobs.run(order(marketer).pk)

    assert job.counted_from == 4
    assert job.started_at <= job.counted_from_at <= job.finished_at


def test_the_part_stops_asking_once_the_job_is_over(marketer, work, client_of):
    job = order(marketer)
    client = client_of(marketer)
    assert client.get(page(job, "register_job_progress_part")).status_code == 200

    jobs.run(job.pk)
    response = client.get(page(job, "register_job_progress_part"))

    assert response.status_code == 286
    assert "hx-get" not in response.content.decode()
    assert "HX-Redirect" not in response.headers


def test_a_job_that_is_done_leads_onwards_and_one_that_failed_does_not(
    marketer, work, client_of, monkeypatch
):
    monkeypatch.setitem(progress._DESTINATIONS, "test.work", lambda job: "/admin/next/")
    done, failed = order(marketer), order(marketer)
    jobs.run(done.pk)
    Job.objects.filter(pk=failed.pk).update(
        state=Job.State.FAILED, error_code="LookupError"
    )
    client = client_of(marketer)

    response = client.get(page(done, "register_job_progress_part"))
    assert response.headers["HX-Redirect"] == "/admin/next/"

    response = client.get(page(failed, "register_job_progress_part"))
    assert (response.status_code, "HX-Redirect" in response.headers) == (286, False)
    assert "LookupError" in response.content.decode()
    assert "Go back to try again" in response.content.decode()


def test_a_stranger_sees_no_job(marketer, stranger, work, client_of):
    job = order(marketer)

    assert client_of(stranger).get(page(job)).status_code == 403
    part = client_of(stranger).get(page(job, "register_job_progress_part"))
    assert part.status_code == 403


def test_whoever_ordered_a_job_sees_it_without_a_role(stranger, work, client_of):
    job = order(stranger)

    assert client_of(stranger).get(page(job)).status_code == 200


def test_the_list_of_jobs_leads_to_the_progress(auditor, marketer, work, client_of):
    job = order(marketer)

    response = client_of(auditor).get(reverse("admin:register_job_changelist"))

    assert page(job) in response.content.decode()


def test_the_list_is_narrowed_to_a_kind_of_work_in_words(
    auditor, marketer, work, client_of
):
    job = order(marketer)
    kind = jobs.KINDS[job.kind]
    url = reverse("admin:register_job_changelist")

    whole = client_of(auditor).get(url).content.decode()
    narrowed = client_of(auditor).get(url, {"kind": kind.code}).content.decode()
    other = client_of(auditor).get(url, {"kind": "retention.sweep"}).content.decode()

    assert f"?kind={kind.code}" in whole
    assert str(kind.title) in whole
    assert page(job) in narrowed
    assert page(job) not in other


def test_work_that_takes_longer_than_a_task_may_goes_on_later(marketer, work):
    job = order(marketer)

    def takes_too_long(object_id, report):
        raise SoftTimeLimitExceeded

    work.does = takes_too_long
    waiting = jobs.run(job.pk)

    assert (waiting.state, waiting.attempts) == (Job.State.QUEUED, 0)
    assert list(jobs.waiting()) == [waiting]

    del work.does
    assert jobs.run(job.pk).state == Job.State.DONE


def test_the_list_shows_everybody_their_own_jobs(marketer, seller, work, client_of):
    job = order(marketer)
    url = reverse("admin:register_job_changelist")

    assert page(job) in client_of(marketer).get(url).content.decode()
    assert page(job) not in client_of(seller).get(url).content.decode()
