"""Reading a file into rows, the first half of a dry run."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from itertools import islice
from typing import BinaryIO

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import QuerySet

from contacts.models import ImportBatch, ImportFile, ImportRow
from contacts.services.imports import reading
from contacts.services.imports.reading import Layout, Record, Unreadable
from register import files, identity_codes
from register.services.jobs import Progress

# About a tenth of a second.
CHUNK = 5_000

State = ImportBatch.State


def stage(batch: ImportBatch, progress: Progress) -> bool:
    """Store the rows of a file; return whether it could be read.

    Can be started again: until the file is read to its end, it begins anew. A file
    that cannot be read leaves nothing behind but the reason.
    """
    _forget_rows(batch)
    try:
        rows = _store(batch, layout_of(batch), progress)
    except Unreadable as refused:
        _refuse(batch, refused.code)
        return False
    _settle(batch, state=State.STAGED, row_count=rows)
    return True


def layout_of(batch: ImportBatch) -> Layout:
    """Return how the file of a batch is to be read."""
    return Layout(
        batch.kind,
        encoding=batch.encoding,
        delimiter=batch.delimiter,
        sheet=batch.sheet,
        header_row=batch.header_row,
        header=tuple(batch.header),
        row_count=batch.row_count,
    )


def open_original(batch: ImportBatch) -> BinaryIO:
    """Open the file as it was sent. Raises Unreadable if it is gone."""
    original = originals_of(batch).first()
    if original is None:
        raise Unreadable("file_gone")
    try:
        opened: BinaryIO = default_storage.open(original.file.name or "")  # type: ignore[assignment]
    except FileNotFoundError:
        raise Unreadable("file_gone") from None
    return opened


def originals_of(batch: ImportBatch) -> QuerySet[ImportFile]:
    """Return the file of a batch unless it is gone: erasing a person removes it, too."""
    return ImportFile.objects.filter(batch=batch).exclude(file="")


def forget_original(batch: ImportBatch) -> None:
    """Delete the file of a batch, in the caller's transaction."""
    originals = ImportFile.objects.filter(batch=batch)
    files.order_removal(originals.values_list("file", flat=True))
    originals.delete()


def _store(batch: ImportBatch, layout: Layout, progress: Progress) -> int:
    progress.start(max(1, layout.row_count))
    rows = 0
    with (
        open_original(batch) as stream,
        closing(reading.records(stream, layout)) as records,
    ):
        while chunk := list(islice(records, CHUNK)):
            with transaction.atomic():
                _copy(batch, chunk)
            rows += len(chunk)
            progress.advance(min(chunk[-1].number, max(1, layout.row_count)))
    if not rows:
        raise Unreadable("no_rows")
    return rows


def _copy(batch: ImportBatch, records: Iterable[Record]) -> None:
    # The rows end together with their file.
    sent, staged = batch.created_at, str(ImportRow.Outcome.STAGED)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY contacts_importrow (batch_id, row_number, cells, outcome, errors, is_written, created_at) FROM STDIN"
        ) as copy,
    ):
        for record in records:
            copy.write_row(
                (
                    batch.pk,
                    record.number,
                    identity_codes.masked_cells(record.cells),
                    staged,
                    [],
                    False,
                    sent,
                )
            )


def _forget_rows(batch: ImportBatch) -> None:
    batch.rows.all().delete()


@transaction.atomic
def _refuse(batch: ImportBatch, code: str) -> None:
    _forget_rows(batch)
    _settle(batch, state=State.FAILED, error_code=code, row_count=0)
    forget_original(batch)


def _settle(batch: ImportBatch, **values: object) -> None:
    ImportBatch.objects.filter(pk=batch.pk).update(**values)
    batch.refresh_from_db()
