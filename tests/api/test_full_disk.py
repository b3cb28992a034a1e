"""A full disk is told as such, stores nothing by halves, and is over when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.urls import reverse
from psycopg.errors import DiskFull

from communications.models import Recording
from contacts.models import ImportBatch
from register.models import AuditEntry, FileRemoval, IdempotencyKey
from tests.contacts.import_files import hubspot, person
from tests.faults.full_disk import fill, small_disk

pytestmark = pytest.mark.django_db


@pytest.fixture
def disk(settings) -> Iterator[Path]:
    """The store of files, on a disk of one megabyte."""
    with small_disk(1) as place:
        settings.MEDIA_ROOT = place
        yield place


def test_a_recording_that_finds_no_room_is_asked_for_again(caller, call_id, wav, disk):
    data, key = wav(20), "one-and-the-same"
    filler = fill(disk)

    response = caller.put(f"/calls/{call_id}/recording", data, key=key)

    assert response.status_code == 507
    assert response["Retry-After"] == "60"
    assert response.json()["error"]["code"] == "disk_full"
    assert "nothing of this was stored" in response.json()["error"]["message"]
    assert not Recording.objects.exists()
    assert not FileRemoval.objects.exists()
    assert [path for path in disk.rglob("*") if path.is_file()] == [filler]

    filler.unlink()
    again = caller.put(f"/calls/{call_id}/recording", data, key=key)

    assert again.status_code == 201
    stored = disk / str(Recording.objects.get().file)
    assert stored.read_bytes() == data


def test_an_import_file_that_finds_no_room_gets_a_page(client_of, marketer, disk):
    client = client_of(marketer)
    client.raise_request_exception = False
    fill(disk)
    file = SimpleUploadedFile("a.csv", hubspot(*(person(n) for n in range(200))))

    response = client.post(
        reverse("admin:contacts_importbatch_upload"), {"title": "Fair", "file": file}
    )

    assert response.status_code == 507
    assert "The disk of the register is full" in response.content.decode()
    assert not ImportBatch.objects.exists()
    assert not FileRemoval.objects.exists()


def test_a_write_that_the_database_has_no_room_for_leaves_nothing(
    caller, chat_body, monkeypatch
):
    def full(*args, **kwargs):
        raise OperationalError from DiskFull()

    before = AuditEntry.objects.count()
    monkeypatch.setattr(
        "communications.services.chats.ChatLine.objects.bulk_create", full
    )

    response = caller.post("/chats", chat_body)

    assert response.status_code == 507
    assert not IdempotencyKey.objects.exists()
    assert AuditEntry.objects.count() == before
