from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.files.storage import default_storage
from django.utils import timezone

from register import files
from register.models import FileRemoval

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "recordings/5f0c8e7e-0000-4000-8000-000000000001"


@pytest.fixture(autouse=True)
def _no_file_left():
    yield
    default_storage.delete(PATH)


def receive(*chunks: bytes, max_bytes: int = 100) -> files.ReceivedFile:
    return files.receive(chunks, path=PATH, max_bytes=max_bytes)


def test_a_file_is_guarded_by_an_order_until_its_row_is_written():
    received = receive(b"abc", b"def")

    assert received.size == 6
    assert FileRemoval.objects.get().path == PATH
    received.keep()
    assert not FileRemoval.objects.exists()
    assert default_storage.exists(PATH)


def test_a_file_that_is_too_large_leaves_nothing_behind():
    with pytest.raises(files.FileTooLarge):
        receive(b"x" * 60, b"x" * 60)

    assert not default_storage.exists(PATH)
    assert not FileRemoval.objects.exists()


def test_a_stream_that_breaks_leaves_nothing_behind():
    def broken():
        yield b"abc"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        files.receive(broken(), path=PATH, max_bytes=100)

    assert not default_storage.exists(PATH)
    assert not FileRemoval.objects.exists()


def test_an_upload_that_was_given_up_is_removed_by_the_sweep():
    receive(b"abc")

    assert files.remove_due() == 0
    FileRemoval.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert files.remove_due() == 1
    assert not default_storage.exists(PATH)


def test_no_row_is_written_for_a_file_that_was_removed_meanwhile():
    received = receive(b"abc")
    FileRemoval.objects.update(due_at=timezone.now())
    files.remove_due()

    with pytest.raises(files.FileGone):
        received.keep()
