"""Files whose end is as certain as that of their rows.

A file takes no part in a database transaction. So the order to remove it does
(:class:`register.models.FileRemoval`): while a file is being received an order with a
later due time stands, and is withdrawn in the transaction that writes the row; when
the row is deleted an order is written in that same transaction. Whatever is killed
at whatever moment, every file has a row or an order.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import logging
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import BinaryIO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, models, transaction
from django.db.models.functions import Now

from register.models import FileRemoval

CHUNK = 256 * 1024
# An upload that takes longer than this has failed; its remains are removed.
UPLOAD_TIME = timedelta(hours=6)
# A file that cannot be removed is tried again this much later.
RETRY = timedelta(minutes=10)

logger = logging.getLogger(__name__)


class FileGone(Exception):
    """The file was removed before its row was written: receiving took too long."""


class FileTooLarge(Exception):
    """The file has more bytes than it may have."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that is stored but belongs to no row yet. Call :meth:`keep` with the row."""

    path: str
    size: int
    sha256: str
    head: bytes

    def keep(self) -> None:
        """Withdraw the order to remove the file; call it where the row is written.

        Raises :class:`FileGone` if the order was carried out meanwhile, so that no row
        is written for a file that is no more.
        """
        if not FileRemoval.objects.filter(path=self.path).delete()[0]:
            raise FileGone

    def discard(self) -> None:
        """Remove the file now."""
        FileRemoval.objects.filter(path=self.path).update(due_at=Now())
        remove_due(paths=[self.path])


class _Counted(File):  # type: ignore[type-arg]
    """Hands chunks to the storage while counting and fingerprinting them."""

    def __init__(self, chunks: Iterable[bytes], name: str, max_bytes: int) -> None:
        super().__init__(None, name)
        self._chunks, self._max_bytes = chunks, max_bytes
        self.received, self.sha256, self.head = 0, hashlib.sha256(), b""

    def chunks(self, chunk_size: int | None = None) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.received += len(chunk)
            if self.received > self._max_bytes:
                raise FileTooLarge
            if len(self.head) < 8192:
                self.head += chunk[: 8192 - len(self.head)]
            self.sha256.update(chunk)
            yield chunk


def receive(chunks: Iterable[bytes], *, path: str, max_bytes: int) -> ReceivedFile:
    """Store a stream under ``path`` without holding it in memory.

    Must run outside a transaction: the order that guards the file has to be committed
    before the first byte. Raises :class:`FileTooLarge`, with nothing left behind.
    """
    FileRemoval.objects.create(path=path, due_at=Now() + UPLOAD_TIME)
    counted = _Counted(chunks, path, max_bytes)
    try:
        stored = default_storage.save(path, counted)
    except BaseException:
        FileRemoval.objects.filter(path=path).update(due_at=Now())
        remove_due(paths=[path])
        raise
    if stored != path:
        raise RuntimeError("The file storage changed a name that was random.")
    return ReceivedFile(
        path, counted.received, counted.sha256.hexdigest(), counted.head
    )


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield a stream in chunks."""
    return iter(functools.partial(stream.read, CHUNK), b"")


def order_removal(paths: Iterable[str]) -> int:
    """Order files to be removed once the current transaction commits."""
    rows = [FileRemoval(path=path) for path in paths if path]
    FileRemoval.objects.bulk_create(rows, ignore_conflicts=True)
    _remove_after_commit([row.path for row in rows])
    return len(rows)


def order_removal_of_rows(
    model: type[models.Model], field: str, keys: list[object]
) -> int:
    """Order the files of ``field`` of the rows with ``keys`` to be removed, set-based."""
    meta = model._meta
    column = meta.get_field(field).column  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO register_fileremoval (path, due_at) SELECT "{column}", now() FROM "{meta.db_table}"'
            f' WHERE "{meta.pk.column}" = ANY(%s) AND "{column}" <> \'\' ON CONFLICT (path) DO UPDATE'
            " SET due_at = LEAST(register_fileremoval.due_at, excluded.due_at) RETURNING path",
            [keys],
        )
        paths = [row[0] for row in cursor.fetchall()]
    _remove_after_commit(paths)
    return len(paths)


def remove_due(*, paths: list[str] | None = None, limit: int = 1000) -> int:
    """Carry out orders that are due, or those for ``paths``; return how many files are gone.

    An order is deleted only after its file, so a failure is tried again; it does not
    keep the other files from going.
    """
    # Locked, so that a file whose row is being written at this moment is not removed:
    # whoever comes second finds the order gone (see ReceivedFile.keep).
    orders = FileRemoval.objects.select_for_update(skip_locked=True).order_by("due_at")
    if paths is None:
        orders = orders.filter(due_at__lte=Now())
    else:
        orders = orders.filter(path__in=paths)
    gone, failed = [], []
    with transaction.atomic():
        for order in orders[:limit]:
            try:
                default_storage.delete(order.path)
            except Exception:
                logger.exception("file not removed", extra={"order": order.pk})
                failed.append(order.pk)
            else:
                gone.append(order.pk)
        # One statement for all: a commit for each would cost more than the files.
        FileRemoval.objects.filter(pk__in=gone).delete()
        FileRemoval.objects.filter(pk__in=failed).update(due_at=Now() + RETRY)
    return len(gone)


def _remove_after_commit(paths: list[str]) -> None:
    if paths:
        # A mere head start: the sweep does the same if this process dies first. No
        # partial: Django could not name it if it failed, and would fail in turn.
        transaction.on_commit(lambda: _remove_now(paths), robust=True)


def _remove_now(paths: list[str]) -> None:
    remove_due(paths=paths)
