from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.db.models import Sum

from communications.models import Chat, ChatLine, Recording
from register.models import AuditEntry, FileRemoval
from retention import batches
from retention.models import Batch, Run
from retention.services.sweep import sweep
from tests.retention.factory import make_call, make_chat, make_recording, stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def undeletable():
    """Return a function that makes the database refuse to delete some chats."""

    def refuse(*chats: Chat) -> None:
        keys = ", ".join(str(chat.pk) for chat in chats)
        with connection.cursor() as cursor:
            cursor.execute(
                "CREATE FUNCTION refuse_some() RETURNS trigger LANGUAGE plpgsql AS"
                f" $$ BEGIN IF OLD.id IN ({keys}) THEN"
                " RAISE EXCEPTION 'Canary-7f3a in %', OLD; END IF; RETURN OLD; END $$"
            )
            cursor.execute(
                "CREATE TRIGGER refuse_some BEFORE DELETE ON communications_chat"
                " FOR EACH ROW EXECUTE FUNCTION refuse_some()"
            )

    return refuse


def allow_all() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER refuse_some ON communications_chat")


def fail(*args, **kwargs):
    raise RuntimeError


def test_an_error_at_the_end_of_a_batch_leaves_everything(anna, monkeypatch):
    make_chat(anna)
    recording = make_recording(make_call(anna))
    monkeypatch.setattr(batches.audit, "record", fail)
    monkeypatch.setattr("retention.services.sweep._record_failures", lambda *_: None)

    run = sweep()

    assert (run.deleted, run.is_complete) == (0, False)
    assert (Chat.objects.count(), ChatLine.objects.count()) == (1, 2)
    assert Recording.objects.count() == 1
    assert stored(recording)
    assert (Batch.objects.count(), FileRemoval.objects.count()) == (0, 0)


def test_an_error_in_one_table_does_not_keep_the_others(anna, monkeypatch):
    make_chat(anna)
    recording = make_recording(make_call(anna))
    delete_rows = batches.delete_rows

    def fail_for_chats(model, keys):
        if model is Chat:
            raise RuntimeError
        return delete_rows(model, keys)

    monkeypatch.setattr(batches, "delete_rows", fail_for_chats)

    run = sweep()

    assert (run.deleted, run.is_complete) == (2, False)
    assert Chat.objects.count() == 1
    assert not Recording.objects.filter(pk=recording.pk).exists()
    failure = AuditEntry.objects.get(action="retention.failed")
    assert failure.details == {"rule": "chats", "kind": "RuntimeError", "count": 1}


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_rows_that_cannot_be_deleted_stop_no_other(
    anna, undeletable, batch_size, caplog
):
    chats = [make_chat(anna) for _ in range(9)]
    bad = {chats[2], chats[3], chats[8]}
    undeletable(*bad)

    run = sweep(batch_size=batch_size)

    assert set(Chat.objects.all()) == bad
    assert ChatLine.objects.count() == 6
    assert (run.deleted, run.is_complete) == (6, False)
    assert Batch.objects.aggregate(rows=Sum("rows")) == {"rows": 6}
    failure = AuditEntry.objects.get(action="retention.failed")
    assert failure.details == {"rule": "chats", "kind": "ProgrammingError", "count": 3}
    # The database quotes rows in its messages; they must not get into the log.
    assert "Canary-7f3a" not in caplog.text

    allow_all()
    assert sweep().deleted == 3
    assert Chat.objects.count() == 0


def test_a_table_in_which_everything_fails_is_left_soon(anna, undeletable, monkeypatch):
    monkeypatch.setattr(batches, "MAX_FAILURES", 2)
    undeletable(*[make_chat(anna) for _ in range(9)])
    tried = []
    transact = batches.Walk._transact

    def note(walk, size):
        if walk._rule.label == "communications.Chat":
            tried.append(size)
        return transact(walk, size)

    monkeypatch.setattr(batches.Walk, "_transact", note)

    run = sweep(batch_size=8)

    assert (run.deleted, run.is_complete) == (0, False)
    assert Chat.objects.count() == 9
    assert tried == [8, 4, 2, 1, 1]
    failure = AuditEntry.objects.get(action="retention.failed")
    assert failure.details["count"] == 2


def test_a_deadlock_is_tried_again(anna, monkeypatch):
    make_chat(anna)
    attempts = []
    delete_rows = batches.delete_rows

    def fail_once(model, keys):
        attempts.append(model)
        if len(attempts) == 1:
            raise OperationalError
        return delete_rows(model, keys)

    monkeypatch.setattr(batches, "delete_rows", fail_once)

    run = sweep()

    assert (run.deleted, run.is_complete) == (1, True)
    assert not AuditEntry.objects.filter(action="retention.failed").exists()


def test_a_lock_that_is_never_given_up_leaves_the_table_for_the_next_run(
    anna, monkeypatch
):
    make_chat(anna)
    tried = []

    def fail_always():
        tried.append(1)
        raise OperationalError

    monkeypatch.setattr(batches, "_keep_new_holds_waiting", fail_always)

    run = sweep()

    assert (run.deleted, run.is_complete) == (0, False)
    assert Chat.objects.count() == 1
    failures = AuditEntry.objects.filter(action="retention.failed")
    assert {entry.details["kind"] for entry in failures} == {"OperationalError"}


def test_a_run_that_died_is_closed_by_the_next(anna):
    make_chat(anna)
    dead = Run.objects.create(revision="0" * 16, deleted=3)
    Batch.objects.create(
        run=dead,
        table="communications.Chat",
        rule="chats",
        period="P3M",
        rows=3,
        first_due_at=dead.started_at,
        last_due_at=dead.started_at,
    )

    sweep()

    dead.refresh_from_db()
    assert dead.finished_at == dead.batches.get().deleted_at
    assert (dead.deleted, dead.is_complete) == (3, False)
