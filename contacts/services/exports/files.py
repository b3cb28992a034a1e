"""The file of an export, written while it is read: a million rows take no more memory than a thousand."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Iterator

from register.files import chunks_of

BOM = "\ufeff"
# A spreadsheet runs a cell that begins with one of these.
_RUNS = ("=", "+", "-", "@", "\t", "\r", "\n")


class _Echo:
    """A file that hands back each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def csv_chunks(batches: Iterable[list[list[str]]]) -> Iterator[bytes]:
    """Yield a CSV file, a piece for each batch of rows.

    With a mark of UTF-8 and semicolons, as spreadsheets here open it. What would run is
    guarded by an apostrophe, which an import of the file takes away.
    """
    writer = csv.writer(_Echo(), delimiter=";")
    yield BOM.encode()
    for rows in batches:
        yield "".join(writer.writerow(map(_guarded, row)) for row in rows).encode()


def xlsx_chunks(batches: Iterable[list[list[str]]]) -> Iterator[bytes]:
    """Yield a workbook, every cell of it text. It grows in a nameless file on disk."""
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

    for rows in batches:
        for row in rows:
            sheet.append([cell_of(text) for text in row])
    with tempfile.TemporaryFile() as stream:
        book.save(stream)
        stream.seek(0)
        yield from chunks_of(stream)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_RUNS) else cell
