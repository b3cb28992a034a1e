"""A real process is killed in the middle of an import, and another one goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.utils import timezone

from consent.models import Prohibition
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    ContactWord,
    ImportRow,
)
from contacts.services.imports import batches, runs, undo
from register import actors
from register.models import AuditEntry, Job
from register.services import jobs
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, CHUNK = 300, 20
WAIT = 60
# Small chunks, so that there is a middle.
WORKER = f"""
import os, signal, sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"], settings.MEDIA_ROOT = sys.argv[1:3]
django.setup()
from contacts.services import search_words
from contacts.services.imports import runs, writing
from register.services import jobs
runs.CHUNK = {CHUNK}

def die_in(owner, name, *, when):
    real, calls = getattr(owner, name), []
    def dying(*args, **kwargs):
        calls.append(args)
        if len(calls) == 4 and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if len(calls) == 4 and when == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    setattr(owner, name, dying)

def die_in_the_middle_of_a_copy():
    real, calls = writing._copy, []
    def rows_that_kill(rows):
        yield from rows[: len(rows) // 2]
        os.kill(os.getpid(), signal.SIGKILL)
    def copy(model, columns, rows):
        calls.append(model)
        real(model, columns, rows_that_kill(rows) if len(calls) == 17 else rows)
    writing._copy = copy

match sys.argv[4]:
    case "copying":
        die_in_the_middle_of_a_copy()
    case "search words":
        die_in(search_words, "_write", when="after")
    case "before commit":
        die_in(runs, "_mark", when="after")
    case "after commit":
        die_in(jobs.Progress, "advance", when="before")
    case "after the end":
        real = runs._end
        runs._end = lambda *args: (real(*args), os.kill(os.getpid(), signal.SIGKILL))
jobs.run(sys.argv[3])
"""


def start_worker(job: Job, *, dies: str = "") -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-c", WORKER),
            *(
                connection.settings_dict["NAME"],
                str(settings.MEDIA_ROOT),
                str(job.pk),
                dies,
            ),
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings.test"},
        cwd=settings.BASE_DIR,
    )


def wait_for_its_connections() -> None:
    end = time.monotonic() + WAIT
    while time.monotonic() < end:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            if cursor.fetchone() == (0,):
                return
        time.sleep(0.01)
    raise AssertionError("A connection of the killed worker is still open.")


def kill_itself(job: Job, *, dies: str) -> None:
    process = start_worker(job, dies=dies)
    assert process.wait(WAIT) == -signal.SIGKILL
    wait_for_its_connections()


def assert_nobody_is_lost_or_doubled(rows: int) -> None:
    assert Contact.objects.count() == rows
    assert ContactPoint.objects.count() == 2 * rows
    assert Affiliation.objects.count() == rows
    assert Company.objects.count() == min(rows, 3)
    assert AuditEntry.objects.filter(action="contact.imported").count() == rows
    # Names, address, domain and its parts, the number twice, and the kind of company.
    assert ContactWord.objects.count() == 9 * rows
    assert Prohibition.objects.count() == rows // 10


def test_killing_the_worker_at_any_moment_loses_and_doubles_nobody(marketer):
    content = hubspot(
        *(
            person(number, unsubscribed="" if number % 10 else "true")
            for number in range(1, PEOPLE + 1)
        )
    )
    batch = import_files.upload(content, user=marketer)
    batches.try_out(batch, targets=batch.targets, actor=actors.of_user(marketer))
    kill_itself(batches.job_of(batch), dies="before commit")
    assert Contact.objects.count() == 0
    import_files.work_off(batch)
    batches.start(batch, actor=actors.of_user(marketer))
    job = batches.job_of(batch)

    for moment in ("copying", "search words", "after commit"):
        before = ImportRow.objects.filter(is_written=True).count()
        kill_itself(job, dies=moment)
        written = ImportRow.objects.filter(is_written=True).count()
        assert before < written < PEOPLE
        assert written % CHUNK == 0
        assert_nobody_is_lost_or_doubled(written)

    job.refresh_from_db()
    # Each attempt came farther than the one before, so none counts against the job.
    assert (job.state, job.attempts) == (Job.State.RUNNING, 1)
    Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))
    assert job in jobs.waiting()
    kill_itself(job, dies="after the end")
    finished = jobs.run(job.pk)

    assert finished.state == Job.State.DONE
    assert finished.result["counts"] == {"new": PEOPLE, "refusals": PEOPLE // 10}
    assert_nobody_is_lost_or_doubled(PEOPLE)
    batch.refresh_from_db()
    assert batch.state == batches.State.DONE
    assert runs.counts_of(batch) == {"new": PEOPLE}
    assert AuditEntry.objects.filter(action="import.run").count() == 1
    assert AuditEntry.objects.filter(action="import.checked").count() == 1


def new_names() -> set[str]:
    return set(Contact.objects.values_list("first_name", flat=True))


def parts() -> tuple[int, int, int]:
    return (
        Contact.objects.count(),
        ContactPoint.objects.count(),
        Affiliation.objects.count(),
    )


def test_killing_the_worker_that_updates_loses_nothing_and_all_can_be_undone(marketer):
    rows = 5 * CHUNK
    import_files.imported(
        hubspot(*(person(number) for number in range(rows))), user=marketer
    )
    before, words = parts(), ContactWord.objects.count()
    names = {"First Name": "Maikki", "Mobile Phone Number": ""}
    batch = import_files.upload(
        hubspot(
            *({**person(n, phone=f"050 {2000000 + n}"), **names} for n in range(rows))
        ),
        user=marketer,
        mode="update",
        replaced_all=["first_name"],
    )
    import_files.try_out(batch, user=marketer)
    batches.start(batch, actor=actors.of_user(marketer))
    job = batches.job_of(batch)

    kill_itself(job, dies="before commit")
    written = ImportRow.objects.filter(batch=batch, is_written=True).count()
    assert written == 3 * CHUNK
    assert Contact.objects.filter(first_name="Maikki").count() == written
    assert ContactPoint.objects.count() == before[1] + written
    Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))
    assert jobs.run(job.pk).result["counts"]["updated"] == rows
    assert new_names() == {"Maikki"}
    assert ContactPoint.objects.count() == before[1] + rows

    batch.refresh_from_db()
    undo.order(batch, actor=actors.of_user(marketer))
    counts = import_files.work_off(batch)
    assert counts["left"] == 0
    assert new_names() == {"Maija"}
    assert parts() == before
    assert ContactWord.objects.count() == words
