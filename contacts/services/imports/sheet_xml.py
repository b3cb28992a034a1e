"""The rows of a sheet and the strings they share, streamed out of their XML.

What is held: one row, one piece of XML, and the shared strings as one block of bytes.
openpyxl would hold more: its reader keeps an element and the attributes of every row,
and the whole of any element it does not know, so that a small file could fill memory.
"""

from __future__ import annotations

import datetime
import functools
import re
from array import array
from collections.abc import Iterator
from typing import Any
from xml.parsers import expat

from contacts.services.imports.layouts import MOST_COLUMNS, Record, Unreadable

CHUNK = 64 * 1024
LAST_ROW = 1_048_576
# No spreadsheet program lets a cell hold more than 32,767.
LONGEST_CELL = 100_000
DEEPEST = 100
# Stands for a formula whose result the program did not store: read as an error.
NOT_COMPUTED = "#CALC!"
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_INTEGER = re.compile(r"-?\d{1,15}")
_REFERENCE = re.compile(r"([A-Z]{1,3})\d*")


class Formats:
    """How numbers are shown: as a day, with leading noughts, or plainly."""

    def __init__(self, codes: list[str], *, counts_from_1904: bool) -> None:
        self._codes = codes
        self._counts_from_1904 = counts_from_1904

    def text_of(self, number: str, style: str) -> str:
        """Return what a stored number shows."""
        is_time, zeros = self._kind(style)
        if is_time:
            return self._moment(float(number)) or number
        if not _INTEGER.fullmatch(number):
            value = float(number)
            if not value.is_integer() or abs(value) >= 1e15:
                return repr(value)
            number = str(int(value))
        return number.zfill(zeros)

    @functools.lru_cache(maxsize=1024)  # noqa: B019 - a workbook lives for one reading
    def _kind(self, style: str) -> tuple[bool, int]:
        from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

        index = int(style or 0)
        code = self._codes[index] if 0 <= index < len(self._codes) else ""
        if code.isdecimal() and not code.startswith("0"):
            code = BUILTIN_FORMATS.get(int(code), "")
        # A postcode 00100 is the number 100, shown with five digits.
        zeros = re.match(r"0+(?=$|;)", code)
        return is_date_format(code), len(zeros[0]) if zeros else 0

    def _moment(self, number: float) -> str:
        from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH, from_excel

        epoch = MAC_EPOCH if self._counts_from_1904 else WINDOWS_EPOCH
        try:
            moment: Any = from_excel(number, epoch)
        except (OverflowError, ValueError):
            return ""
        if isinstance(moment, datetime.datetime):
            is_day = moment.time() == datetime.time.min
            return str(moment.date()) if is_day else moment.isoformat(" ", "seconds")
        return str(moment)


class _Events:
    """What the parser calls: elements by their local names, and text inside wanted ones.

    A document type, without which there are no entities, is refused as a bomb.
    """

    def __init__(self) -> None:
        self._parser = expat.ParserCreate()
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = _refuse_document_type
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._depth = 0
        self._wanted = False
        self._pieces: list[str] = []
        self._length = 0

    def feed(self, data: bytes) -> None:
        """Take a piece of XML; empty ends it."""
        self._parser.Parse(data, not data)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise Unreadable("bomb")
        self.begin(name.rpartition(":")[2], attributes)

    def _end(self, name: str) -> None:
        self._depth -= 1
        self.end(name.rpartition(":")[2])

    def _characters(self, text: str) -> None:
        if self._wanted:
            self._length += len(text)
            if self._length > LONGEST_CELL:
                raise Unreadable("cell_too_long")
            self._pieces.append(text)

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element of a local name."""
        raise NotImplementedError

    def end(self, name: str) -> None:
        """End an element of a local name."""
        raise NotImplementedError

    def take(self) -> str:
        """Return the text since the last time."""
        text = "".join(self._pieces)
        self._pieces, self._length = [], 0
        return text


def _refuse_document_type(*_args: object) -> None:
    raise Unreadable("bomb")


class SharedStrings(_Events):
    """The strings of a workbook, read as far as they are asked for."""

    def __init__(self, part: Any) -> None:
        super().__init__()
        self._part = part
        self._bytes, self._ends = bytearray(), array("Q", [0])
        self._phonetic = False

    def __getitem__(self, index: int) -> str:
        while index + 1 >= len(self._ends) and self._part is not None:
            data = self._part.read(CHUNK)
            self.feed(data)
            if not data:
                self._part = None
        if not 0 <= index < len(self._ends) - 1:
            raise Unreadable("workbook_damaged")
        start, end = self._ends[index], self._ends[index + 1]
        return self._bytes[start:end].decode()

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "rPh":  # how Japanese is pronounced
            self._phonetic = True
        elif name == "t":
            self._wanted = not self._phonetic

    def end(self, name: str) -> None:
        if name == "rPh":
            self._phonetic = False
        elif name == "t":
            self._wanted = False
        elif name == "si":
            self._bytes += _unescaped(self.take()).encode()
            self._ends.append(len(self._bytes))


class _Rows(_Events):
    """Collects the rows of a sheet."""

    def __init__(self, strings: SharedStrings, formats: Formats) -> None:
        super().__init__()
        self._strings, self._formats = strings, formats
        self.done: list[Record] = []
        self._number = 0
        self._cells: list[str] = []
        self._column = 0
        self._type = self._style = ""
        self._value: str | None = None
        self._is_formula = self._phonetic = False

    def begin(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v" or (name == "t" and not self._phonetic):
            self._wanted = True
        elif name == "f":
            self._is_formula = True
        elif name == "row":
            self._begin_row(attributes)
        elif name == "rPh":
            self._phonetic = True

    def end(self, name: str) -> None:
        if name == "v":
            self._wanted, self._value = False, self.take()
        elif name == "t":
            self._wanted = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "is":
            self._value = self.take()
        elif name == "c":
            self._end_cell()
        elif name == "row" and any(map(str.strip, self._cells)):
            self.done.append(Record(self._number, self._cells))

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = int(attributes.get("r", self._number + 1))
        if not self._number < number <= LAST_ROW:
            raise Unreadable("workbook_damaged")
        self._number, self._cells, self._column = number, [], 0

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._type = attributes.get("t", "n")
        self._style = attributes.get("s", "")
        self._value, self._is_formula = None, False
        reference = attributes.get("r")
        self._column = _column_of(reference) if reference else self._column + 1

    def _end_cell(self) -> None:
        text = self._text()
        if not text:
            return
        # What stands further to the right is one too many, wherever it is.
        column = min(self._column, MOST_COLUMNS + 1)
        missing = column - len(self._cells)
        if missing > 0:
            self._cells += [""] * missing
        self._cells[column - 1] = text

    def _text(self) -> str:
        value = self._value
        if not value:
            is_text = self._type == "str" and value is not None
            return NOT_COMPUTED if self._is_formula and not is_text else ""
        if self._type == "s":
            return self._strings[int(value)]
        if self._type == "n":
            return self._formats.text_of(value.strip(), self._style)
        if self._type == "b":
            return "TRUE" if value.strip() == "1" else "FALSE"
        return _unescaped(value)


def rows_of(
    part: Any, strings: SharedStrings, formats: Formats, *, most: int | None = None
) -> Iterator[Record]:
    """Yield the rows that hold anything, of the first ``most`` bytes. Raises Unreadable."""
    rows, left = _Rows(strings, formats), most
    with part:
        while data := part.read(CHUNK):
            rows.feed(data)
            yield from rows.done
            rows.done.clear()
            if left is not None:
                left -= len(data)
                if left < 0:
                    return
    rows.feed(b"")


@functools.lru_cache(maxsize=4096)
def _column_of(reference: str) -> int:
    match = _REFERENCE.match(reference)
    if match is None:
        raise Unreadable("workbook_damaged")
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return column


def _unescaped(text: str) -> str:
    """Return text without the _x000D_ that stands for a character XML cannot hold."""
    if "_x" not in text:
        return text
    unescaped = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    # A surrogate is half a character.
    return (
        unescaped.replace("\0", "")
        .encode("utf-16", "surrogatepass")
        .decode("utf-16", "replace")
    )
