"""A real worker process is killed in the middle of a run, again and again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording
from register import files
from register.models import AuditEntry, FileRemoval
from retention.models import Batch, Run
from retention.services.plan import plan
from retention.services.sweep import sweep
from retention.tasks import sweep_due_rows
from tests.retention.factory import days_ago, make_call, make_chat, make_recording

pytestmark = pytest.mark.django_db(transaction=True)

CHATS, CALLS = 3_000, 1_500
BATCH = 25
WAIT = 60


def make_many(contact) -> None:
    """Make due chats with parts, and due calls with recordings and their files."""
    ended = days_ago(500)
    instants = [ended + timedelta(seconds=n // 3) for n in range(CHATS)]
    chats = Chat.objects.bulk_create(
        Chat(started_at=instant, ended_at=instant) for instant in instants
    )
    participants = ChatParticipant.objects.bulk_create(
        ChatParticipant(chat=chat, contact=contact) for chat in chats
    )
    ChatLine.objects.bulk_create(
        ChatLine(chat_id=who.chat_id, participant=who, text=text)
        for who in participants
        for text in ("Hei", "Kiitos")
    )
    calls = Call.objects.bulk_create(
        Call(contact=contact, direction="inbound", started_at=instant, ended_at=instant)
        for instant in instants[:CALLS]
    )
    directory = Path(settings.MEDIA_ROOT) / "recordings"
    directory.mkdir(parents=True, exist_ok=True)
    recordings = [
        Recording(
            call=call,
            file=f"recordings/{uuid.uuid4()}",
            content_type="audio/wav",
            size=4,
            sha256="0" * 64,
            call_ended_at=call.ended_at,
        )
        for call in calls
    ]
    for recording in recordings:
        (Path(settings.MEDIA_ROOT) / str(recording.file)).write_bytes(b"RIFF")
    Recording.objects.bulk_create(recordings)


def counted() -> Counter[str]:
    return +Counter({model._meta.label: model.objects.count() for model in MODELS})


MODELS = (Chat, ChatParticipant, ChatLine, Call, Recording)


def in_ledger() -> Counter[str]:
    found: Counter[str] = Counter()
    for batch in Batch.objects.all():
        found[batch.table] += batch.rows
        found.update(batch.parts)
    return found


def in_audit_trail() -> Counter[str]:
    found: Counter[str] = Counter()
    for entry in AuditEntry.objects.filter(action="retention.deleted"):
        found.update(entry.details["counts"])
    return found


def on_disk() -> set[str]:
    directory = Path(settings.MEDIA_ROOT) / "recordings"
    return {f"recordings/{file.name}" for file in directory.iterdir()}


def assert_nothing_lost_or_doubled(before: Counter[str]) -> None:
    """Check what must be true at every moment, whatever has been killed."""
    assert counted() + in_ledger() == before
    assert in_audit_trail() == in_ledger()
    assert sum(Run.objects.values_list("deleted", flat=True)) == sum(
        Batch.objects.values_list("rows", flat=True)
    )
    with_row = set(Recording.objects.values_list("file", flat=True))
    ordered = set(FileRemoval.objects.values_list("path", flat=True))
    assert with_row <= on_disk() <= with_row | ordered


@contextmanager
def worker(queue: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.retention.worker"),
            *(connection.settings_dict["NAME"], str(settings.MEDIA_ROOT), queue),
        ],
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(settings.BASE_DIR)},
        cwd=settings.BASE_DIR,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        wait_for_its_connections()


def wait_for_its_connections() -> None:
    """Wait until the server has noticed; a commit that was sent may still be made."""
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


def wait_for_batches(count: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + WAIT
    while Batch.objects.count() < count:
        assert process.poll() is None, "The worker ended by itself."
        assert time.monotonic() < end, "The worker did nothing."
        time.sleep(0.002)


@pytest.fixture(autouse=True)
def _files_of_this_test_alone(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


def test_killing_it_loses_and_doubles_nothing(anna, bruno):
    make_many(anna)
    neighbours = [
        make_chat(anna, bruno, ended_at=days_ago(5)),
        make_recording(make_call(bruno, ended_at=days_ago(5))),
    ]
    before = counted()
    queue = f"retention-{uuid.uuid4().hex[:8]}"

    for kill in range(1, 4):
        done = Batch.objects.count()
        with worker(queue) as process:
            sweep_due_rows.apply_async(kwargs={"batch_size": BATCH}, queue=queue)
            wait_for_batches(done + 15 * kill, process)
        assert_nothing_lost_or_doubled(before)

    assert sum(table.ready for table in plan().ending) > 0
    run = sweep()
    files.remove_due()

    assert_nothing_lost_or_doubled(before)
    assert run.is_complete
    assert [table.due for table in plan().ending] == [0] * len(plan().ending)
    assert in_ledger() == before - counted()
    assert {model: in_ledger()[model] for model in before} == {
        "communications.Chat": CHATS,
        "communications.ChatParticipant": CHATS,
        "communications.ChatLine": 2 * CHATS,
        "communications.Call": CALLS,
        "communications.Recording": CALLS,
    }
    for row in neighbours:
        row.refresh_from_db()
    assert (counted()["communications.ChatLine"], FileRemoval.objects.count()) == (3, 0)
    assert on_disk() == {neighbours[1].file.name}
    # The killed runs are closed, and none of them says that nothing was left.
    assert not Run.objects.filter(finished_at=None).exists()
    assert Run.objects.filter(is_complete=True).get() == run
