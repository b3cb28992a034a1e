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
from contacts.models import Affiliation, Contact, ContactPoint, ContactWord, ImportRow
from contacts.services.imports import batches, runs
from register import actors
from register.models import AuditEntry, Job
from register.services import jobs
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, CHUNK = 1_500, 20
WAIT = 60
# Small chunks, so that there is a middle.
WORKER = f"""
import sys
import django
from django.conf import settings
settings.DATABASES["default"]["NAME"], settings.MEDIA_ROOT = sys.argv[1:3]
django.setup()
from contacts.services.imports import runs
from register.services import jobs
runs.CHUNK = {CHUNK}
jobs.run(sys.argv[3])
"""


def start_worker(job: Job) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [
            *(sys.executable, "-c", WORKER),
            *(connection.settings_dict["NAME"], str(settings.MEDIA_ROOT), str(job.pk)),
        ],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings.test"},
        cwd=settings.BASE_DIR,
    )


def kill_after(process: subprocess.Popen[bytes], rows: int) -> None:
    end = time.monotonic() + WAIT
    try:
        while ImportRow.objects.filter(is_written=True).count() < rows:
            assert process.poll() is None, "The worker ended by itself."
            assert time.monotonic() < end, "The worker did nothing."
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    wait_for_its_connections()


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


def assert_nobody_is_lost_or_doubled(rows: int) -> None:
    assert Contact.objects.count() == rows
    assert ContactPoint.objects.count() == 2 * rows
    assert Affiliation.objects.count() == rows
    assert AuditEntry.objects.filter(action="contact.imported").count() == rows
    assert ContactWord.objects.values("contact").distinct().count() == rows
    assert Prohibition.objects.count() == rows // 10


def test_killing_the_worker_loses_and_doubles_nobody(marketer):
    content = hubspot(
        *(
            person(number, unsubscribed="" if number % 10 else "true")
            for number in range(1, PEOPLE + 1)
        )
    )
    batch = import_files.upload(content, user=marketer)
    import_files.try_out(batch, user=marketer)
    batches.start(batch, actor=actors.of_user(marketer))
    job = batches.job_of(batch)

    for kill in (1, 2):
        kill_after(start_worker(job), rows=300 * kill)
        written = ImportRow.objects.filter(is_written=True).count()
        assert written < PEOPLE
        assert written % CHUNK == 0
        assert_nobody_is_lost_or_doubled(written)

    job.refresh_from_db()
    assert (job.state, job.attempts) == (Job.State.RUNNING, 2)
    Job.objects.update(heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1))
    assert job in jobs.waiting()
    finished = jobs.run(job.pk)

    assert finished.state == Job.State.DONE
    assert finished.result["counts"]["new"] == PEOPLE
    assert_nobody_is_lost_or_doubled(PEOPLE)
    batch.refresh_from_db()
    assert batch.state == batches.State.DONE
    assert runs.counts_of(batch) == {"new": PEOPLE}
