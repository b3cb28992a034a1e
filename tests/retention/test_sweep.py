from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording
from contacts.models import ImportBatch, ImportRow
from dsar.models import Package, Request
from register import audit, files
from register.datamap.removal import delete_rows
from register.models import AuditEntry, FileRemoval, Hold
from retention.models import Batch, Run
from retention.services.sweep import sweep
from retention.tasks import sweep_due_rows
from tests.retention.factory import (
    days_ago,
    make_call,
    make_chat,
    make_recording,
    stored,
)

pytestmark = pytest.mark.django_db

HELSINKI = ZoneInfo("Europe/Helsinki")
MICROSECOND = timedelta(microseconds=1)


def local(
    year: int, month: int, day: int, hour: int, minute: int = 0, second: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=HELSINKI)


@pytest.mark.parametrize(
    ("ended_at", "due_at"),
    [
        # No 30th of February: its last day, at the same time of day.
        (local(2024, 11, 30, 12, 0), local(2025, 2, 28, 12, 0)),
        (local(2023, 11, 30, 12, 0), local(2024, 2, 29, 12, 0)),
        (local(2024, 8, 31, 23, 59, 59), local(2024, 11, 30, 23, 59, 59)),
        # The hour that the change to summer time skips: one hour later.
        (local(2023, 12, 31, 3, 30), datetime(2024, 3, 31, 1, 30, tzinfo=UTC)),
        # The hour that comes twice: the first of the two.
        (local(2024, 7, 27, 3, 30), datetime(2024, 10, 27, 0, 30, tzinfo=UTC)),
    ],
)
def test_a_chat_ends_at_its_due_instant_and_not_a_microsecond_before(
    anna, ended_at, due_at
):
    make_chat(anna, ended_at=ended_at)

    sweep(due_at - MICROSECOND)
    assert Chat.objects.count() == 1

    sweep(due_at)
    assert Chat.objects.count() == 0


def test_a_recording_ends_after_seven_months_and_its_call_after_twelve(
    anna, django_capture_on_commit_callbacks
):
    call = make_call(anna, ended_at=local(2024, 7, 31, 12, 0))
    recording = make_recording(call)

    sweep(local(2025, 2, 28, 12, 0) - MICROSECOND)
    assert stored(recording)

    with django_capture_on_commit_callbacks(execute=True):
        sweep(local(2025, 2, 28, 12, 0))
    assert not stored(recording)
    assert Recording.objects.count() == 0
    assert Call.objects.count() == 1

    sweep(local(2025, 7, 31, 12, 0) - MICROSECOND)
    assert Call.objects.count() == 1

    sweep(local(2025, 7, 31, 12, 0))
    assert Call.objects.count() == 0


def test_all_parts_go_and_neighbours_stay(anna, bruno):
    make_chat(anna, bruno)
    kept = make_chat(anna, bruno, ended_at=days_ago(10))

    sweep()

    assert list(Chat.objects.all()) == [kept]
    assert set(ChatParticipant.objects.values_list("chat", "contact")) == {
        (kept.pk, anna.pk),
        (kept.pk, bruno.pk),
    }
    assert set(ChatLine.objects.values_list("chat", flat=True)) == {kept.pk}
    assert ChatLine.objects.count() == 3


def test_a_call_that_ends_before_its_recording_takes_the_file_along(
    anna, django_capture_on_commit_callbacks
):
    call = make_call(anna)
    recording = make_recording(call)
    Recording.objects.filter(pk=recording.pk).update(call_ended_at=timezone.now())

    with django_capture_on_commit_callbacks(execute=True):
        run = sweep()

    assert not stored(recording)
    assert run.batches.get().parts == {"communications.Recording": 1}
    assert run.batches.get().files == 1


def test_import_rows_packages_and_request_files_end_by_the_same_engine(
    django_capture_on_commit_callbacks,
):
    batch = ImportBatch.objects.create(title="Messut")
    ImportRow.objects.create(batch=batch, row_number=1, created_at=days_ago(31))
    fresh = ImportRow.objects.create(batch=batch, row_number=2)
    request = Request.objects.create(
        number=1,
        kind="access",
        channel="email",
        received_at=days_ago(20),
        due_on=timezone.localdate(),
    )
    path = default_storage.save("packages/one.zip", ContentFile(b"PK"))
    Package.objects.create(
        request=request, file=path, sha256="0" * 64, created_at=days_ago(31)
    )

    with django_capture_on_commit_callbacks(execute=True):
        sweep()

    assert list(ImportRow.objects.all()) == [fresh]
    assert Package.objects.count() == 0
    assert not default_storage.exists(path)
    assert list(Request.objects.all()) == [request]

    Request.objects.update(received_at=days_ago(3 * 366 + 1))
    sweep()
    assert Request.objects.count() == 0


def test_the_ledger_says_what_went(anna, bruno):
    first = make_chat(anna, ended_at=days_ago(300))
    last = make_chat(anna, bruno, ended_at=days_ago(200))

    run = sweep()

    entry = Batch.objects.get()
    assert (entry.run, entry.table, entry.rule, entry.period, entry.rows) == (
        run,
        "communications.Chat",
        "chats",
        "P3M",
        2,
    )
    assert entry.parts == {
        "communications.ChatParticipant": 3,
        "communications.ChatLine": 5,
    }
    assert (entry.first_due_at, entry.last_due_at) == (first.ends_at, last.ends_at)
    assert (run.deleted, run.is_complete) == (2, True)
    assert run.finished_at is not None


def test_the_audit_trail_has_numbers_and_no_person(anna):
    make_chat(anna)

    run = sweep()

    entry = AuditEntry.objects.get(action="retention.deleted")
    assert (entry.object_type, entry.object_id) == ("retention.run", str(run.pk))
    assert entry.subject_id is None
    assert entry.details == {
        "rule": "chats",
        "counts": {
            "communications.Chat": 1,
            "communications.ChatParticipant": 1,
            "communications.ChatLine": 2,
        },
    }
    assert "retention.deleted" in audit.ACTIONS


def test_sweeping_again_changes_nothing(anna):
    make_chat(anna)
    sweep()

    run = sweep()

    assert (run.deleted, run.is_complete, run.batches.count()) == (0, True, 0)
    assert Batch.objects.count() == 1


def test_a_moment_that_has_not_come_is_refused(anna):
    make_chat(anna, ended_at=timezone.now())

    with pytest.raises(ValueError, match="not due yet"):
        sweep(timezone.now() + timedelta(days=200))

    assert Chat.objects.count() == 1
    assert Run.objects.count() == 0


def test_the_scheduled_task_follows_the_clock(anna, at):
    chat = make_chat(anna, ended_at=timezone.now())

    assert sweep_due_rows() == 0
    with at(chat.ends_at):
        assert sweep_due_rows() == 1

    assert Chat.objects.count() == 0


def test_a_run_is_bounded_and_the_next_one_goes_on(anna):
    for days in (300, 290, 280, 270, 260):
        make_chat(anna, ended_at=days_ago(days))

    run = sweep(batch_size=2, max_batches=2)

    assert (run.deleted, run.is_complete) == (4, False)
    assert [batch.rows for batch in run.batches.all()] == [2, 2]
    assert (sweep(batch_size=2).deleted, Chat.objects.count()) == (1, 0)


def test_chats_that_ended_at_the_same_instant_all_go(anna):
    ended_at = days_ago(200)
    for _ in range(7):
        make_chat(anna, ended_at=ended_at)

    assert sweep(batch_size=2).deleted == 7


def test_no_file_is_left_when_one_cannot_be_removed(
    anna, monkeypatch, django_capture_on_commit_callbacks
):
    broken, whole = make_recording(make_call(anna)), make_recording(make_call(anna))
    delete = default_storage.delete

    def refuse_one(name):
        if name == broken.file.name:
            raise OSError("no such device")
        delete(name)

    monkeypatch.setattr(default_storage, "delete", refuse_one)

    with django_capture_on_commit_callbacks(execute=True):
        sweep()

    assert (stored(broken), stored(whole)) == (True, False)
    assert list(FileRemoval.objects.values_list("path", flat=True)) == [
        broken.file.name
    ]

    monkeypatch.undo()
    FileRemoval.objects.update(due_at=timezone.now())
    assert files.remove_due() == 1
    assert not stored(broken)


def test_an_older_order_for_later_does_not_keep_the_file(
    anna, django_capture_on_commit_callbacks
):
    recording = make_recording(make_call(anna))
    FileRemoval.objects.create(
        path=recording.file.name, due_at=timezone.now() + timedelta(hours=6)
    )

    with django_capture_on_commit_callbacks(execute=True):
        sweep()

    assert not stored(recording)
    assert FileRemoval.objects.count() == 0


def test_deleting_empties_references_that_have_no_name_on_the_other_side(stranger):
    hold = Hold.objects.create(
        object_type="communications.chat",
        object_id="1",
        reason="authority",
        placed_by=stranger,
    )

    assert delete_rows(type(stranger), [stranger.pk])["register.User"] == 1

    hold.refresh_from_db()
    assert hold.placed_by is None
