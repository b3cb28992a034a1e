"""A real process is killed in the middle of an import, and another one goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
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
from contacts.services import search_words
from contacts.services.imports import batches, runs, undo, undo_changes, writing
from register import actors
from register.models import AuditEntry, Job
from register.services import jobs
from tests.contacts import import_files
from tests.contacts.import_files import hubspot, person
from tests.own_process import own_process

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE, CHUNK = 300, 20
WAIT = 60


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_in(owner: Any, name: str, *, when: str) -> None:
    real, calls = getattr(owner, name), []

    def dying(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 4 and when == "before":
            _die()
        result = real(*args, **kwargs)
        if len(calls) == 4 and when == "after":
            _die()
        return result

    setattr(owner, name, dying)


def _die_in_the_middle_of_a_copy() -> None:
    module: Any = writing
    real, calls = module.copy_rows, []

    def rows_that_kill(rows: Any) -> Iterator[Any]:
        yield from rows[: len(rows) // 2]
        _die()

    def copy(model: Any, columns: Any, rows: Any) -> None:
        calls.append(model)
        real(model, columns, rows_that_kill(rows) if len(calls) == 17 else rows)

    module.copy_rows = copy


def _die_at_the_end() -> None:
    module: Any = runs
    real = module._end

    def end(*args: Any) -> None:
        real(*args)
        _die()

    module._end = end


def _work_and_die(job: Job, moment: str) -> None:
    """Run the job in small chunks, so that there is a middle, and die at ``moment``."""
    runs.CHUNK = undo.CHUNK = CHUNK
    match moment:
        case "copying":
            _die_in_the_middle_of_a_copy()
        case "search words":
            _die_in(search_words, "_write", when="after")
        case "before commit":
            _die_in(runs, "_mark", when="after")
        case "taking back":
            _die_in(undo_changes, "take_back", when="after")
        case "after commit":
            _die_in(jobs.Progress, "advance", when="before")
        case "after the end":
            _die_at_the_end()
    jobs.run(job.pk)


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
    with own_process(lambda: _work_and_die(job, dies)) as process:
        assert process.wait(WAIT) == -signal.SIGKILL, process.said()
    wait_for_its_connections()


def assert_nobody_is_lost_or_doubled(rows: int) -> None:
    assert Contact.objects.count() == rows
    assert ContactPoint.objects.count() == 2 * rows
    assert Affiliation.objects.count() == rows
    assert Company.objects.count() == min(rows, 3)
    assert AuditEntry.objects.filter(action="contact.imported").count() == rows
    # Names, address, domain and its parts, the number twice, and the kind of company;
    # who refuses is marked.
    assert ContactWord.objects.count() == 9 * rows + rows // 10
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


def test_killing_the_worker_that_undoes_loses_and_doubles_nothing(marketer):
    known, new = 2 * CHUNK, 5 * CHUNK
    import_files.imported(
        hubspot(*(person(number) for number in range(known))), user=marketer
    )
    before, words = parts(), ContactWord.objects.count()
    changed = {"First Name": "Maikki", "Mobile Phone Number": "050 1112222"}
    batch, _counts = import_files.imported(
        hubspot(
            *({**person(number), **changed} for number in range(known)),
            *(person(number) for number in range(known, known + new)),
        ),
        user=marketer,
        replaced_all=["first_name"],
    )
    undo.order(batch, actor=actors.of_user(marketer))
    job = batches.job_of(batch)

    for moment, left in (("after commit", new - 4 * CHUNK), ("taking back", 0)):
        kill_itself(job, dies=moment)
        # What a chunk takes back it takes back whole.
        assert Contact.objects.count() == known + left
        assert new_names() == ({"Maikki", "Maija"} if left else {"Maikki"})
        batch.refresh_from_db()
        assert batch.state == batches.State.UNDOING
    Job.objects.filter(pk=job.pk).update(
        heartbeat_at=timezone.now() - jobs.STALE - timedelta(seconds=1)
    )
    counts = jobs.run(job.pk).result["counts"]

    assert counts["left"] == counts["kept"] == 0
    batch.refresh_from_db()
    assert batch.state == batches.State.UNDONE
    assert runs.counts_of(batch)
    assert new_names() == {"Maija"}
    assert parts() == before
    assert ContactWord.objects.count() == words
    entries = AuditEntry.objects.filter(action="contact.import_undone")
    assert entries.count() == known + new
    assert AuditEntry.objects.filter(action="import.undone").count() == 1
