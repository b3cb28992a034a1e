"""Reading a file into rows, after which the file itself is removed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import BinaryIO

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import reading, targets
from contacts.services.imports.reading import Layout, Record, Unreadable
from register import files
from register.services import jobs
from register.services.jobs import Progress

READ = "contacts.read_import"
# About a tenth of a second.
CHUNK = 5_000

State = ImportBatch.State


@jobs.register_kind(READ, _("Reading an import file"))
def read(object_id: str, progress: Progress) -> dict[str, int]:
    """Store the rows of a file and remove the file; say so if it cannot be read.

    Can be started again: until the file is read to its end, it begins anew.
    """
    batch = ImportBatch.objects.get(pk=object_id)
    if batch.state != State.UPLOADED:
        return {"rows": batch.row_count}
    _forget_rows(batch)
    try:
        layout = reading.examine(lambda: _open(batch))
        rows = _stage(batch, layout, progress)
    except Unreadable as refused:
        _forget_rows(batch)
        _settle(batch, state=State.FAILED, error_code=refused.code)
        return {"rows": 0}
    if not rows:
        _settle(batch, state=State.FAILED, error_code="no_rows")
        return {"rows": 0}
    _settle(
        batch,
        state=State.STAGED,
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        header=layout.header,
        targets=targets.guess(layout.header),
        row_count=rows,
    )
    return {"rows": rows}


def _open(batch: ImportBatch) -> BinaryIO:
    opened: BinaryIO = default_storage.open(batch.file.name or "")  # type: ignore[assignment]
    return opened


def _stage(batch: ImportBatch, layout: Layout, progress: Progress) -> int:
    progress.start(layout.line_count)
    rows = 0
    with _open(batch) as stream:
        records = reading.records(stream, layout)
        next(records)  # the header
        while chunk := list(islice(records, CHUNK)):
            with transaction.atomic():
                _copy(batch, chunk)
            rows += len(chunk)
            progress.advance(min(chunk[-1].line, layout.line_count))
    return rows


def _copy(batch: ImportBatch, records: Iterable[Record]) -> None:
    now, staged = timezone.now(), str(ImportRow.Outcome.STAGED)
    with (
        connection.cursor() as cursor,
        cursor.copy(
            "COPY contacts_importrow (batch_id, row_number, cells, outcome, errors, is_written, created_at) FROM STDIN"
        ) as copy,
    ):
        for record in records:
            copy.write_row(
                (batch.pk, record.number, record.cells, staged, [], False, now)
            )


def _forget_rows(batch: ImportBatch) -> None:
    batch.rows.all().delete()


@transaction.atomic
def _settle(batch: ImportBatch, **values: object) -> None:
    """Write what came of reading the file, and order the file to be removed."""
    ImportBatch.objects.filter(pk=batch.pk).update(**values, file="")
    files.order_removal([batch.file.name or ""])
