"""A file as rows: what the rest of an import knows of CSV, workbooks and cards.

:func:`examine` guesses the layout and gives the first rows; :func:`records` streams the
rows of a layout, so that a worker that was killed can read them again and get the same.
What cannot be read is refused with :class:`Unreadable`, whose code has a sentence in
``reasons``. Nothing here holds more than a piece of the file in memory.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Generator, Iterator
from typing import BinaryIO

from contacts.services.imports import cards, headers, kinds, texts, workbooks
from contacts.services.imports.layouts import (
    CARDS,
    CSV,
    LAST_HEADER_ROW,
    LAST_ROW_TO_LOOK_AT,
    ROWS_TO_LOOK_AT,
    XLSX,
    Choice,
    Examined,
    Layout,
    Record,
    Sheet,
    Unreadable,
)
from contacts.services.imports.sheet_xml import NOT_COMPUTED
from contacts.services.imports.workbooks import Workbook

OpenFile = Callable[[], BinaryIO]

__all__ = ["Choice", "Examined", "Layout", "Record", "Unreadable", "examine", "records"]


def examine(open_file: OpenFile, choice: Choice | None = None) -> Examined:
    """Return how a file is laid out and its first rows. Raises Unreadable.

    What ``choice`` says is taken as it is, the rest is guessed. A text is read once to
    its end, a workbook only at its beginning.
    """
    choice = choice or Choice()
    with open_file() as stream:
        kind = kinds.kind_of(stream)
    if kind == XLSX:
        return _examine_workbook(open_file, choice)
    if kind == CARDS:
        return _examine_cards(open_file, choice)
    return _examine_text(open_file, choice)


def records(stream: BinaryIO, layout: Layout) -> Generator[Record]:
    """Yield the rows below the header that hold anything, in order. Raises Unreadable."""
    rows = itertools.dropwhile(
        lambda record: record.number <= layout.header_row, _all_rows(stream, layout)
    )
    yield from rows


def _all_rows(stream: BinaryIO, layout: Layout) -> Iterator[Record]:
    if layout.kind == XLSX:
        with workbooks.opened(stream) as workbook:
            for record in workbook.records(layout.sheet):
                yield _widened(record, layout.width)
    elif layout.kind == CARDS:
        yield from cards.records(stream, layout)
    else:
        yield from texts.records(stream, layout)


def _examine_text(open_file: OpenFile, choice: Choice) -> Examined:
    encoding, lines = _encoding(open_file, choice)
    delimiter = choice.delimiter
    if delimiter is None:
        delimiter = texts.delimiter_of(texts.head_of(open_file, encoding))
    layout = Layout(CSV, encoding=encoding, delimiter=delimiter, row_count=lines)
    return _with_header(layout, _first_rows(open_file, layout), choice)


def _examine_cards(open_file: OpenFile, choice: Choice) -> Examined:
    encoding, lines = _encoding(open_file, choice)
    # Some ten lines a card.
    layout = Layout(
        CARDS,
        encoding=encoding,
        header_row=0,
        header=cards.HEADER,
        row_count=max(1, lines // 10),
    )
    rows = _first_rows(open_file, layout)
    if not rows:
        raise Unreadable("no_cards")
    is_torn = any(row.cells[0] == cards.UNREADABLE for row in rows)
    return Examined(layout, rows, notices=["torn_cards"] if is_torn else [])


def _encoding(open_file: OpenFile, choice: Choice) -> tuple[str, int]:
    encoding, lines = texts.encoding_of(open_file)
    if choice.encoding is not None and choice.encoding != encoding:
        if encoding.startswith("utf-16") != choice.encoding.startswith("utf-16"):
            raise Unreadable("encoding")
        encoding = choice.encoding
        texts.refuse_undecodable(open_file, encoding)
    return encoding, lines


def _examine_workbook(open_file: OpenFile, choice: Choice) -> Examined:
    with open_file() as stream, workbooks.opened(stream) as workbook:
        sheets = workbook.sheets
        index, rows = choice.sheet, []
        if index is not None:
            rows = _first_of_sheet(workbook, index)
        for sheet in sorted(sheets, key=lambda sheet: sheet.is_hidden):
            if choice.sheet is None and not rows:
                index, rows = sheet.index, _first_of_sheet(workbook, sheet.index)
        estimate = workbook.estimated_rows(index or 0)
    layout = Layout(XLSX, sheet=index or 0, row_count=estimate)
    return _with_header(layout, rows, choice, sheets)


def _widened(record: Record, width: int) -> Record:
    """Return a row of a workbook, which leaves out empty cells at its end."""
    missing = width - len(record.cells)
    return (
        record
        if missing <= 0
        else Record(record.number, [*record.cells, *[""] * missing])
    )


def _first_of_sheet(workbook: Workbook, index: int) -> list[Record]:
    records = workbook.records(index, most=workbooks.MOST_TO_LOOK_AT)
    return list(itertools.islice(records, ROWS_TO_LOOK_AT))


def _first_rows(open_file: OpenFile, layout: Layout) -> list[Record]:
    with open_file() as stream:
        rows = itertools.takewhile(
            lambda row: row.number <= LAST_ROW_TO_LOOK_AT, _all_rows(stream, layout)
        )
        return list(itertools.islice(rows, ROWS_TO_LOOK_AT))


def _with_header(
    layout: Layout,
    rows: list[Record],
    choice: Choice,
    sheets: list[Sheet] | None = None,
) -> Examined:
    if not rows:
        raise Unreadable("empty_sheet" if layout.kind == XLSX else "empty")
    number = choice.header_row
    if number is None or not 0 <= number <= LAST_HEADER_ROW:
        number = headers.row_of_header(rows)
    if all(row.number <= number for row in rows):
        raise Unreadable("no_rows")
    named = next((row.cells for row in rows if row.number == number), [])
    below = [row for row in rows if row.number > number]
    width = headers.width_of(named, below)
    header = headers.names([*named, *[""] * (width - len(named))][:width])
    layout = dataclasses.replace(layout, header_row=number, header=header)
    if layout.kind == XLSX:
        below = [_widened(row, width) for row in below]
    return Examined(layout, below, sheets or [], _notices(layout, below))


def _notices(layout: Layout, rows: list[Record]) -> list[str]:
    notices = []
    if layout.header_row == 0:
        notices.append("no_header")
    elif layout.header_row > 1:
        notices.append("header_further_down")
    if any(NOT_COMPUTED in row.cells for row in rows):
        notices.append("not_computed")
    return notices
