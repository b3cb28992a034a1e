"""Finding the row of column names, and cleaning the names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from contacts.services.imports import vocabulary
from contacts.services.imports.cells import plain
from contacts.services.imports.layouts import (
    LAST_HEADER_ROW,
    LONGEST_NAME_OF_COLUMN,
    MOST_COLUMNS,
    Record,
    Unreadable,
)
from register.identifiers import find_personal_identity_codes

_MANY_DIGITS = re.compile(r"\d[\d ().\-/]{5,}\d")


def row_of_header(rows: Sequence[Record]) -> int:
    """Return the number of the row that names the columns, 0 if there is none."""
    candidates = [row for row in rows[:30] if row.number <= LAST_HEADER_ROW]
    known = {row.number: _known_names(row) for row in candidates}
    best = max(
        candidates, key=lambda row: (known[row.number], -row.number), default=None
    )
    if best is not None and known[best.number] >= min(2, _filled(best)):
        return best.number
    usual = _usual_width(rows)
    for row in candidates:
        if _filled(row) >= max(1, 0.6 * usual):
            return row.number if _is_of_names(row) else 0
    return 0


def names(cells: Sequence[str]) -> tuple[str, ...]:
    """Return what the columns are called. A name that tells about a person is left out.

    Anybody can type anything above a column, and names are kept longer than rows.
    """
    cleaned = [" ".join(plain(cell).split())[:LONGEST_NAME_OF_COLUMN] for cell in cells]
    return tuple("" if _is_value(name) else name for name in cleaned)


def width_of(header: Sequence[str], rows: Sequence[Record]) -> int:
    """Return the number of columns. Columns without a name count if they are used.

    Raises Unreadable if there are too many.
    """
    named = _trimmed(header)
    enough = max(2 if named else 1, 0.1 * len(rows))
    widths = sorted((_trimmed(row.cells) for row in rows), reverse=True)
    used = [width for rank, width in enumerate(widths, start=1) if rank >= enough]
    width = max([named, *used[:1]])
    if width > MOST_COLUMNS:
        raise Unreadable("columns")
    return width


def _trimmed(cells: Sequence[str]) -> int:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width


def _known_names(row: Record) -> int:
    return sum(
        vocabulary.is_heading(cell) for cell in row.cells if 0 < len(cell.strip()) <= 80
    )


def _filled(row: Record) -> int:
    return sum(bool(cell.strip()) for cell in row.cells)


def _usual_width(rows: Sequence[Record]) -> int:
    widths = Counter(_filled(row) for row in rows)
    return max(widths, key=lambda width: (widths[width], width), default=0)


def _is_of_names(row: Record) -> bool:
    """Whether the cells can be names of columns: short words, none a value."""
    cells = [" ".join(cell.split()) for cell in row.cells if cell.strip()]
    return all(len(cell) <= 80 and not _is_value(cell) for cell in cells)


def _is_value(text: str) -> bool:
    return (
        "@" in text.strip("@")
        or _MANY_DIGITS.search(text) is not None
        or bool(find_personal_identity_codes(text))
    )
