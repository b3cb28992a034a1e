"""Reading a CSV file as people save it: whatever encoding, separator and line ends.

What cannot be read is refused with :class:`Unreadable`, whose code has a sentence in
``reasons``. Nothing here holds more than a piece of the file in memory.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import io
from collections.abc import Callable, Iterator
from typing import BinaryIO

import filetype

from register.files import chunks_of
from register.identifiers import try_normalise_email

HEAD = 64 * 1024
# A file with more columns holds things the register has no purpose for.
MOST_COLUMNS = 100
LONGEST_NAME_OF_COLUMN = 200
SEPARATORS = ";,\t|"
_WORKBOOKS = frozenset({"zip", "xlsx", "xls", "ods"})
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Unreadable(Exception):
    """The file is not what can be imported. ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclasses.dataclass(frozen=True, slots=True)
class Layout:
    """How a file is written, and the names of its columns."""

    encoding: str
    delimiter: str
    header: list[str]
    line_count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """One row. ``number`` is that of a spreadsheet, ``line`` that of a text editor."""

    number: int
    line: int
    cells: list[str]


def examine(open_file: Callable[[], BinaryIO]) -> Layout:
    """Return the layout of a file, after reading it once. Raises Unreadable."""
    with open_file() as stream:
        head = stream.read(HEAD)
    _refuse_other_kinds(head)
    with open_file() as stream:
        encoding, line_count = _encoding_of(stream, head)
    text = head.decode(encoding, errors="ignore")
    if text.lstrip("\ufeff \t\r\n")[:1] in set("{[<"):
        raise Unreadable("not_csv")
    layout = Layout(encoding, _delimiter_of(text), [], line_count)
    with open_file() as stream:
        first = next(records(stream, layout), None)
    if first is None:
        raise Unreadable("empty")
    return dataclasses.replace(layout, header=_header(first.cells))


def records(stream: BinaryIO, layout: Layout) -> Iterator[Record]:
    """Yield the rows that hold anything, the header first. Raises Unreadable."""
    lines = io.TextIOWrapper(stream, encoding=layout.encoding, newline="")
    reader = csv.reader(lines, delimiter=layout.delimiter)
    number = 0
    while True:
        number += 1
        try:
            cells = next(reader, None)
        except csv.Error:
            # Only an overlong cell ends here: a quotation mark that is never closed.
            raise Unreadable("quotes") from None
        if cells is None:
            lines.detach()
            return
        if any(cell.strip() for cell in cells):
            yield Record(number, reader.line_num, cells)


def _refuse_other_kinds(head: bytes) -> None:
    if not head.strip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0"):
        raise Unreadable("empty")
    kind = filetype.guess(head)
    if kind is not None:
        is_workbook = kind.extension in _WORKBOOKS
        raise Unreadable("workbook" if is_workbook else "not_text")
    if b"\0" in head and not head.startswith(_UTF_16):
        raise Unreadable("not_text")


def _encoding_of(stream: BinaryIO, head: bytes) -> tuple[str, int]:
    """Return the encoding that the whole file keeps to, and the number of line ends."""
    candidates = (
        ["utf-16"] if head.startswith(_UTF_16) else ["utf-8-sig", "windows-1252"]
    )
    decoders = {name: codecs.getincrementaldecoder(name)() for name in candidates}
    line_count = 0
    for chunk in chunks_of(stream):
        line_count += max(chunk.count(b"\n"), chunk.count(b"\r"))
        if "utf-16" not in decoders and b"\0" in chunk:
            raise Unreadable("nul")
        _decode(decoders, chunk)
    _decode(decoders, b"", final=True)
    if not decoders:
        raise Unreadable("encoding")
    return next(iter(decoders)), line_count


def _decode(
    decoders: dict[str, codecs.IncrementalDecoder], chunk: bytes, *, final: bool = False
) -> None:
    """Drop the decoders that cannot read the chunk."""
    for name in list(decoders):
        try:
            decoded = decoders[name].decode(chunk, final)
        except UnicodeDecodeError:
            del decoders[name]
        else:
            if "\0" in decoded:
                raise Unreadable("nul")


def _delimiter_of(text: str) -> str:
    """Return the separator that gives most columns, equally many in each row."""

    def score(delimiter: str) -> tuple[float, int]:
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
        except csv.Error:
            return (0, 0)
        rows = [row for row in rows[:30] if row]
        if not rows or len(rows[0]) == 1:
            return (0, 0)
        width = len(rows[0])
        return (sum(len(row) == width for row in rows) / len(rows), width)

    best = max(SEPARATORS, key=score)
    return best if score(best) > (0, 0) else ","


def _header(cells: list[str]) -> list[str]:
    names = [" ".join(cell.split())[:LONGEST_NAME_OF_COLUMN] for cell in cells]
    while names and not names[-1]:
        names.pop()
    if any(try_normalise_email(name) for name in names):
        raise Unreadable("no_header")
    if len(names) > MOST_COLUMNS:
        raise Unreadable("columns")
    return names
