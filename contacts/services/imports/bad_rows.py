"""The rows that were not imported, as a file to correct and send again."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import reasons

BOM = "\ufeff"
# A spreadsheet runs a cell that begins with one of these.
_RUNS = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that hands back each line instead of storing it."""

    def write(self, line: str) -> str:
        return line


def lines(batch: ImportBatch) -> Iterator[str]:
    """Yield a CSV file: the columns as they were sent, and what is wrong with each row.

    It opens in a spreadsheet as it is, and nothing in it runs there.
    """
    writer = csv.writer(_Echo(), delimiter=batch.delimiter or ";")
    yield BOM
    yield writer.writerow(_guarded([*batch.header, _("Row"), _("What is wrong")]))
    rows = batch.rows.filter(outcome=ImportRow.Outcome.INVALID).order_by("row_number")
    for row in rows.iterator(chunk_size=1000):
        width = len(batch.header)
        cells = [*row.cells, *[""] * (width - len(row.cells))]
        sentences = [reasons.of_row(stored, batch.header) for stored in row.errors]
        said = " ".join(
            f"{column}: {sentence}" if column else sentence
            for column, sentence in sentences
        )
        yield writer.writerow(_guarded([*cells[:width], str(row.row_number), said]))


def _guarded(cells: Iterable[str]) -> list[str]:
    return [f"'{cell}" if cell.startswith(_RUNS) else cell for cell in cells]
