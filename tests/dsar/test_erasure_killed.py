"""A worker that dies in the middle of an erasure loses nothing and doubles nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import psycopg
import pytest
from django.core.files.storage import default_storage
from django.db import connection

from communications.models import Call, Chat, ChatLine, Recording
from contacts.models import Contact, ContactPoint
from dsar.models import Request
from register.models import AuditEntry, FileRemoval, Job
from register.services import jobs
from tests.conftest import ensure_seeded
from tests.dsar.erasure_factory import (
    approved,
    erasure_request,
    make_chat,
    make_recording,
)
from tests.own_process import own_process

pytestmark = pytest.mark.django_db(transaction=True)

GATE = 471_100
# Where the process is killed: the statement it waits in. The first five are within
# the transaction, the others after it.
WITHIN = [
    ("UPDATE", "communications_chatline"),
    ("DELETE", "communications_chatline"),
    ("DELETE", "communications_recording"),
    ("DELETE", "contacts_contact"),
    ("UPDATE", "dsar_erasureplan"),
]
AFTER = [
    ("DELETE", "register_fileremoval"),
    ("INSERT", "register_auditentry"),
]


@pytest.fixture
def story(transactional_db, request):
    """An approved erasure of anna, who shares a chat with bruno."""
    ensure_seeded()
    anna, bruno, officer, second = (
        request.getfixturevalue(name)
        for name in ("anna", "bruno", "officer", "second_officer")
    )
    make_chat(anna)
    shared = make_chat(anna, bruno, agent_says="Hei Anna ja Bruno!")
    recording = make_recording(anna)
    job = approved(
        erasure_request(anna, officer, email="anna.virtanen@esimerkki.example"),
        officer,
        second,
    )
    return anna, bruno, shared, recording, job


@contextlib.contextmanager
def gate(
    operation: str, table: str, when: str = "true"
) -> Iterator[psycopg.Connection]:
    """Let whoever does ``operation`` on ``table`` wait until the gate is opened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION wait_at_gate() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN PERFORM pg_advisory_lock_shared({GATE});"
            f" PERFORM pg_advisory_unlock_shared({GATE});"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
        cursor.execute(
            f"CREATE TRIGGER a_gate BEFORE {operation} ON {table}"
            f" FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION wait_at_gate()"
        )
    parameters = connection.get_connection_params()
    keeper = psycopg.connect(
        **{
            name: parameters[name]
            for name in ("dbname", "user", "password", "host", "port")
            if name in parameters
        },
        autocommit=True,
    )
    try:
        keeper.execute("SELECT pg_advisory_lock(%s)", [GATE])
        yield keeper
    finally:
        keeper.close()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TRIGGER a_gate ON {table}")


@contextlib.contextmanager
def running(job: Job) -> Iterator[None]:
    """Run the job in a process of its own, until it waits at the gate; then kill it."""
    with own_process(lambda: jobs.run(job.pk)) as process:
        wait_until(lambda: waits_at_gate() or process.poll() is not None)
        assert process.poll() is None, process.said()
        yield


def wait_until(condition, seconds: float = 30.0) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not happen in time"
        time.sleep(0.02)


def waits_at_gate() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s AND NOT granted",
            [GATE],
        )
        return bool(cursor.fetchone()[0])


def others_are_gone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        return not cursor.fetchone()[0]


def kill_at(operation: str, table: str, job: Job, when: str = "true") -> None:
    """Run the job in a process and kill that in the middle of one statement."""
    with gate(operation, table, when), running(job):
        pass
    # The server notices, ends what the process had begun, and lets go of its locks.
    wait_until(others_are_gone)


def assert_erased(anna, bruno, shared, recording, job) -> None:
    job.refresh_from_db()
    request = Request.objects.get(pk=job.object_id)
    assert (job.state, job.error_code) == ("done", "")
    assert (request.state, request.outcome) == ("closed", "erased")
    assert not Contact.objects.filter(pk=anna.pk).exists()
    assert list(Chat.objects.all()) == [shared]
    assert list(ChatLine.objects.values_list("text", flat=True)) == [
        "Hei, olen Bruno Mäkelä.",
        "Hei […] ja Bruno!",
    ]
    assert not Call.objects.exists()
    assert not Recording.objects.exists()
    assert not default_storage.exists(recording.file.name)
    assert not FileRemoval.objects.exists()
    assert AuditEntry.objects.filter(action="contact.erased").count() == 1
    kinds = list(request.events.values_list("kind", flat=True))
    assert [kinds.count(kind) for kind in ("erased", "verified", "closed")] == [1, 1, 1]
    assert request.plan.sealed_identifiers == ""
    assert request.identifiers == []


@pytest.mark.parametrize(("operation", "table"), WITHIN)
def test_killed_within_the_transaction_nothing_is_half_done(story, operation, table):
    _anna, _bruno, _shared, recording, job = story
    before = _everything()

    kill_at(operation, table, job)

    assert _everything() == before
    assert default_storage.exists(recording.file.name)
    assert not AuditEntry.objects.filter(action="contact.erased").exists()

    jobs.run(job.pk)
    assert_erased(*story)


@pytest.mark.parametrize(("operation", "table"), AFTER)
def test_killed_after_the_transaction_the_rest_is_done_by_the_next(
    story, operation, table
):
    anna, _bruno, _shared, _recording, job = story
    when = "NEW.action = 'erasure.verified'" if operation == "INSERT" else "true"

    kill_at(operation, table, job, when)

    request = Request.objects.get(pk=job.object_id)
    assert request.state == Request.State.EXECUTING
    assert request.plan.sealed_identifiers
    assert not Contact.objects.filter(pk=anna.pk).exists()
    assert AuditEntry.objects.filter(action="contact.erased").count() == 1

    jobs.run(job.pk)
    assert_erased(*story)


def test_killed_again_and_again_it_is_done_once(story):
    job = story[-1]
    for operation, table in (WITHIN[1], WITHIN[3], AFTER[0]):
        kill_at(operation, table, job)

    jobs.run(job.pk)

    assert_erased(*story)
    assert Job.objects.get(pk=job.pk).state == Job.State.DONE


def test_while_one_process_erases_no_other_begins(story):
    job = story[-1]
    with gate("DELETE", "contacts_contact"), running(job):
        assert jobs.run(job.pk) is None
        assert ContactPoint.objects.filter(contact=story[0].pk).exists()
    wait_until(others_are_gone)

    jobs.run(job.pk)
    assert_erased(*story)


def test_nobody_adds_a_record_to_a_person_who_is_being_erased(story):
    anna, job = story[0], story[-1]
    with gate("DELETE", "contacts_contact") as other, running(job):
        other.execute("SET lock_timeout = '200ms'")
        # It waits for the erasure, and would fail once that is committed.
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(
                "INSERT INTO contacts_contactword (contact_id, word) VALUES (%s, 'x')",
                [anna.pk],
            )
    wait_until(others_are_gone)

    jobs.run(job.pk)
    assert_erased(*story)


def test_nobody_adds_a_line_to_a_chat_that_is_being_deleted(story):
    anna, job = story[0], story[-1]
    chat = Chat.objects.filter(participants__contact=anna).order_by("pk").first()
    with gate("DELETE", "contacts_contact") as other, running(job):
        other.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.execute(
                "INSERT INTO communications_chatline (chat_id, said_at, text) VALUES (%s, now(), 'x')",
                [chat.pk],
            )
    wait_until(others_are_gone)

    jobs.run(job.pk)
    assert_erased(*story)


def _everything() -> list[object]:
    return [
        list(Contact.objects.order_by("pk").values_list("pk")),
        list(ContactPoint.objects.order_by("pk").values_list("pk", "value")),
        list(ChatLine.objects.order_by("pk").values_list("pk", "text")),
        list(Recording.objects.values_list("pk", "file")),
        list(Request.objects.values_list("pk", "state", "name", "email")),
        list(FileRemoval.objects.values_list("path")),
    ]
