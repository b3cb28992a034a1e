"""How a file is laid out: what is guessed, shown, corrected and then read."""

from __future__ import annotations

import dataclasses

# A file with more columns holds things the register has no purpose for. The widest
# export of a known product (Outlook) has 92.
MOST_COLUMNS = 150
LONGEST_NAME_OF_COLUMN = 200
# Above this row a header is looked for, and of these rows people see the first.
ROWS_TO_LOOK_AT = 200
LAST_HEADER_ROW = 50
LAST_ROW_TO_LOOK_AT = 10_000

CSV, XLSX, CARDS = "csv", "xlsx", "vcf"


class Unreadable(Exception):
    """The file is not what can be imported. ``code`` has a sentence in ``reasons``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written and where its table stands.

    ``header_row`` is the row of the column names as a spreadsheet numbers it, 0 if
    there is none. ``width`` is the number of columns. ``row_count`` is an estimate for
    the progress. ``encoding`` and ``delimiter`` belong to text, ``sheet`` to workbooks.
    """

    kind: str
    encoding: str = ""
    delimiter: str = ""
    sheet: int = 0
    header_row: int = 1
    header: tuple[str, ...] = ()
    row_count: int = 0

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.header)


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """What somebody corrected in a layout. What is None is guessed."""

    encoding: str | None = None
    delimiter: str | None = None
    sheet: int | None = None
    header_row: int | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet of a workbook. Its name is shown and not stored: it may name a person."""

    index: int
    name: str
    is_hidden: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One row: its number as a spreadsheet counts, and the text of each cell."""

    number: int
    cells: list[str]


@dataclasses.dataclass(frozen=True, slots=True)
class Examined:
    """A layout with the first rows below its header, and what else was seen.

    ``notices`` are codes with sentences in ``reasons``: what is read all the same, but
    perhaps not as its sender thinks.
    """

    layout: Layout
    rows: list[Record]
    sheets: list[Sheet] = dataclasses.field(default_factory=list)
    notices: list[str] = dataclasses.field(default_factory=list)
