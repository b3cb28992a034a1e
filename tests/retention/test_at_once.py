"""Holds, sweeps and edits that meet at the same moment, on connections of their own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Sum

from communications.models import Chat, ChatParticipant
from register import actors
from register.database.locks import Lock, try_session_lock
from register.datamap.removal import delete_rows
from register.errors import DomainError
from register.models import Hold
from register.services import holds
from retention import batches
from retention.models import Batch, Run
from retention.services.sweep import sweep
from tests.retention.factory import make_chat

pytestmark = pytest.mark.django_db(transaction=True)

WAIT = 20


def in_thread(function: Any, *args: Any, **kwargs: Any) -> Any:
    """Run a function on a connection of its own; return its future."""

    def run() -> Any:
        try:
            return function(*args, **kwargs)
        finally:
            connection.close()

    pool = ThreadPoolExecutor(1)
    future = pool.submit(run)
    pool.shutdown(wait=False)
    return future


def waits_for_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted"
            " AND relation = 'register_hold'::regclass"
        )
        return bool(cursor.fetchone()[0])


def until(condition: Any) -> None:
    for _ in range(WAIT * 100):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("It did not happen.")


class Stop:
    """Stops the first deletion after its look at the holds, until it may go on."""

    def __init__(self) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()

    def __call__(self, model: Any, keys: Any) -> Any:
        if not self.reached.is_set():
            self.reached.set()
            assert self.go_on.wait(WAIT)
        return delete_rows(model, keys)


@pytest.fixture
def stop(monkeypatch):
    stop = Stop()
    monkeypatch.setattr(batches, "delete_rows", stop)
    yield stop
    stop.go_on.set()


def test_a_hold_that_is_being_written_is_waited_for(anna):
    make_chat(anna)

    with transaction.atomic():
        holds.place(
            reason=Hold.Reason.AUTHORITY, subject_id=anna.pk, actor=actors.system()
        )
        running = in_thread(sweep)
        until(waits_for_lock)
        assert not running.done()

    assert running.result(WAIT).deleted == 0
    assert Chat.objects.count() == 1


def test_a_hold_that_comes_during_a_batch_waits_and_finds_nothing(anna, stop):
    chat = make_chat(anna)
    running = in_thread(sweep)
    assert stop.reached.wait(WAIT)

    placing = in_thread(
        holds.place, reason=Hold.Reason.AUTHORITY, obj=chat, actor=actors.system()
    )
    until(waits_for_lock)
    assert not placing.done()
    stop.go_on.set()

    assert running.result(WAIT).deleted == 1
    with pytest.raises(DomainError, match="deleted already"):
        placing.result(WAIT)
    assert Hold.objects.count() == 0


def test_a_held_person_who_enters_a_chat_at_the_last_moment_keeps_it(
    anna, bruno, monkeypatch
):
    chat = make_chat(anna)
    holds.place(
        reason=Hold.Reason.AUTHORITY, subject_id=bruno.pk, actor=actors.system()
    )
    lock = batches.Walk._lock

    def meet_and_lock(walk, keys):
        # After the look at the holds and before the lock.
        ChatParticipant.objects.create(chat=chat, contact=bruno)
        monkeypatch.undo()
        return lock(walk, keys)

    monkeypatch.setattr(batches.Walk, "_lock", meet_and_lock)

    assert sweep().deleted == 0
    assert Chat.objects.count() == 1
    assert Batch.objects.count() == 0


def test_two_sweeps_share_the_rows(anna, stop):
    for _ in range(10):
        make_chat(anna)
    first = in_thread(sweep, batch_size=4)
    assert stop.reached.wait(WAIT)
    stop.go_on.set()
    second = in_thread(sweep, batch_size=3)

    runs = [first.result(WAIT), second.result(WAIT)]

    assert Chat.objects.count() == 0
    assert sum(run.deleted for run in runs) == 10
    assert Batch.objects.aggregate(rows=Sum("rows")) == {"rows": 10}


def test_a_sweep_passes_over_what_another_has_claimed(anna, stop):
    for _ in range(10):
        make_chat(anna)
    first = in_thread(sweep, batch_size=4, max_batches=1)
    assert stop.reached.wait(WAIT)

    second = in_thread(sweep).result(WAIT)
    stop.go_on.set()

    assert (second.deleted, second.is_complete) == (6, False)
    assert first.result(WAIT).deleted == 4
    assert Chat.objects.count() == 0


def test_a_chat_that_somebody_has_locked_is_left_for_the_next_run(anna):
    chat, other = make_chat(anna), make_chat(anna)

    with transaction.atomic():
        Chat.objects.select_for_update().get(pk=chat.pk)
        run = in_thread(sweep).result(WAIT)

    assert (run.deleted, run.is_complete) == (1, False)
    assert list(Chat.objects.all()) == [chat]
    assert not Chat.objects.filter(pk=other.pk).exists()
    assert sweep().deleted == 1


def test_a_running_sweep_is_not_taken_for_a_dead_one(anna, stop):
    make_chat(anna)
    running = in_thread(sweep)
    assert stop.reached.wait(WAIT)
    dead = Run.objects.create(revision="0" * 16)

    in_thread(sweep).result(WAIT)

    dead.refresh_from_db()
    assert dead.finished_at == dead.started_at
    assert Run.objects.filter(finished_at=None).count() == 1
    stop.go_on.set()
    assert running.result(WAIT).finished_at is not None
    assert try_session_lock(Lock.RETENTION_RUN, str(dead.pk))
