"""The rows that were not imported, as a file to mend and send again.

It is of the kind that was sent, opens in a spreadsheet as it is, and nothing in it runs
there. Its last two columns, which say what is wrong, are known when it comes back.
"""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from django.utils.translation import gettext as _

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import protected_rows, reasons
from contacts.services.imports.targets import TARGETS
from contacts.services.imports.vocabulary import ROW, WHAT_IS_WRONG
from register.files import chunks_of

BOM = "\ufeff"
# A spreadsheet runs a cell that begins with one of these.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")


class Echo:
    """A file that hands back each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_file(batch: ImportBatch) -> Iterator[bytes]:
    """Yield a CSV file in pieces."""
    writer = csv.writer(Echo(), delimiter=batch.delimiter or ";")
    yield BOM.encode()
    for line in _lines(batch):
        yield writer.writerow(guarded(line)).encode()


def xlsx_file(batch: ImportBatch) -> Iterator[bytes]:
    """Yield a workbook in pieces, every cell of it text."""
    from openpyxl import Workbook
    from openpyxl.cell import Cell, WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    book = Workbook(write_only=True)
    sheet = book.create_sheet()

    def cell_of(text: str) -> Cell:
        cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))
        # Neither a formula now, nor when somebody edits the cell.
        cell.data_type, cell.number_format = "s", "@"
        return cell

    for line in _lines(batch):
        sheet.append([cell_of(text) for text in line])
    with tempfile.TemporaryFile() as stream:
        book.save(stream)
        stream.seek(0)
        yield from _pieces(stream)


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    return chunks_of(stream)


def _lines(batch: ImportBatch) -> Iterator[list[str]]:
    width = len(batch.header)
    yield [*_names(batch), str(ROW), str(WHAT_IS_WRONG)]
    rows = batch.rows.filter(outcome=ImportRow.Outcome.INVALID).order_by("row_number")
    for row in protected_rows.hidden(batch, rows.iterator(chunk_size=1000)):
        cells = [*row.cells, *[""] * (width - len(row.cells))]
        sentences = [reasons.of_row(stored, batch.header) for stored in row.errors]
        said = " ".join(
            f"{column}: {sentence}" if column else sentence
            for column, sentence in sentences
        )
        left_over = [cell for cell in cells[width:] if cell.strip()]
        if left_over:
            said = f"{said} {_('Left over:')} {' | '.join(left_over)}"
        yield [*cells[:width], str(row.row_number), said]


def _names(batch: ImportBatch) -> list[str]:
    """Return the names of the columns; one without is named by what it was taken for."""
    return [
        name or (str(TARGETS[code].label) if code in TARGETS else "")
        for name, code in zip(batch.header, batch.targets, strict=True)
    ]


def guarded(cells: Iterable[str]) -> list[str]:
    """Return cells of which no spreadsheet runs one."""
    return [f"'{cell}" if cell.startswith(_RUNS) else cell for cell in cells]
