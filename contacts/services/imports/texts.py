"""Reading CSV as people save it: whatever encoding, separator and line ends.

Nothing here holds more than a piece of the file in memory.
"""

from __future__ import annotations

import codecs
import csv
import functools
import io
import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import charset_normalizer

from contacts.services.imports.kinds import utf_16_without_mark
from contacts.services.imports.layouts import Layout, Record, Unreadable
from register.files import chunks_of

HEAD = 64 * 1024
# A longer line is no row of a table, and would be held in memory whole.
LONGEST_LINE = 1024 * 1024
SEPARATORS = ";,\t|"
# As they are offered to correct a guess, in this order.
ENCODINGS = (
    "utf-8",
    "windows-1252",
    "iso-8859-15",
    "mac-roman",
    "cp850",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "windows-1250",
    "windows-1251",
    "windows-1257",
)
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Which of them is meant is seen by how many letters of our languages come out.
_NORDIC = ("windows-1252", "iso-8859-15", "mac-roman", "cp850")
_LIKELY = frozenset("äöåÄÖÅéèüÉÜšžŠŽæøÆØ€–’”")
_POSSIBLE = frozenset("áíóúàçñõßëïâêîôûãÁÍÓÚÀÇÑÕËÏÂÊÎÔÛðþÐÞ´‘“…•§°½«»")
_FURTHER = ("cp1250", "cp1251", "cp1257")
_SAMPLE = 16 * 1024
_SEPARATOR_LINE = re.compile(r'\ufeff?"?sep=(.)"?[\r\n]*\Z', re.IGNORECASE)
# A line of its own after the last: a cell whose quotation mark is open swallows it.
_END = "\ue000end of the file\ue000"

OpenFile = Callable[[], BinaryIO]


def encoding_of(open_file: OpenFile) -> tuple[str, int]:
    """Return the encoding that the whole file keeps to, and the number of its lines.

    Raises Unreadable if the file holds NUL characters.
    """
    with open_file() as stream:
        head = stream.read(HEAD)
    marked = next(
        (name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), None
    ) or utf_16_without_mark(head)
    with open_file() as stream:
        if marked is not None and marked.startswith("utf-16"):
            return marked, _lines_of_decoded(stream, marked)
        is_utf_8, foreign, lines = _survey(stream)
    if is_utf_8:
        return "utf-8", lines
    return single_byte_encoding_of(foreign), lines


def _lines_of_decoded(stream: BinaryIO, encoding: str) -> int:
    decoder, lines = codecs.getincrementaldecoder(encoding)(), 0
    try:
        for chunk in itertools.chain(chunks_of(stream), [b""]):
            text = decoder.decode(chunk, final=not chunk)
            lines += _line_ends(text.count("\n"), text.count("\r"))
            if "\0" in text:
                raise Unreadable("nul")
    except UnicodeError:
        raise Unreadable("encoding") from None
    return lines


def refuse_undecodable(open_file: OpenFile, encoding: str) -> None:
    """Raise Unreadable unless the whole file can be read in the encoding."""
    with open_file() as stream:
        _lines_of_decoded(stream, encoding)


def _survey(stream: BinaryIO) -> tuple[bool, bytes, int]:
    """Return whether it is UTF-8, some lines that are not ASCII, and the line count."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_utf_8, foreign, lines = True, b"", 0
    for chunk in itertools.chain(chunks_of(stream), [b""]):
        if b"\0" in chunk:
            raise Unreadable("nul")
        lines += _line_ends(chunk.count(b"\n"), chunk.count(b"\r"))
        if len(foreign) < _SAMPLE and not chunk.isascii():
            foreign += b"\n".join(
                line for line in re.split(rb"[\r\n]+", chunk) if not line.isascii()
            )[:_SAMPLE]
        if is_utf_8:
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                is_utf_8 = False
    return is_utf_8, foreign, lines


def _line_ends(line_feeds: int, returns: int) -> int:
    return max(line_feeds, returns)


def single_byte_encoding_of(sample: bytes) -> str:
    """Return the encoding in which the bytes beyond ASCII make most sense."""
    high = bytes(byte for byte in sample if byte > 0x7F)
    scores = {name: _score(high, name) for name in _NORDIC}
    best = max(_NORDIC, key=lambda name: scores[name])
    if scores[best] >= 0.5 * len(high):
        return best
    found = charset_normalizer.from_bytes(
        sample, cp_isolation=[*_FURTHER, "cp1252"]
    ).best()
    if found is not None and found.encoding in _FURTHER:
        return found.encoding.replace("cp", "windows-")
    return best


def _score(high: bytes, encoding: str) -> float:
    score = 0.0
    for byte, count in Counter(high).items():
        try:
            character = bytes([byte]).decode(encoding)
        except UnicodeDecodeError:
            score -= 4 * count
            continue
        if character in _LIKELY:
            score += count
        elif character in _POSSIBLE or character == "\xa0":
            score += 0.4 * count
        else:
            score -= count * (0.3 if character.isalpha() else 1)
    return score


def delimiter_of(head: str) -> str:
    """Return the separator that gives most rows the same number of columns, over one."""
    first = head.splitlines()[0] if head else ""
    if named := _SEPARATOR_LINE.match(first):
        return named[1]

    def score(delimiter: str) -> float:
        widths = Counter(len(row) for row in _first_rows(head, delimiter))
        width, count = max(
            widths.items(),
            key=lambda item: (item[0] > 1, item[1], item[0]),
            default=(1, 0),
        )
        share = count / max(1, widths.total())
        return 0.0 if width == 1 else share + min(width, 50) / 100

    best = max(SEPARATORS, key=score)
    return best if score(best) > 0 else ","


def _first_rows(head: str, delimiter: str) -> list[list[str]]:
    lines = io.StringIO(head, newline="")
    rows = []
    try:
        for row in itertools.islice(csv.reader(lines, delimiter=delimiter), 60):
            if any(cell.strip() for cell in row):
                rows.append(row)
    except csv.Error:
        return rows
    # The last may be cut off.
    return rows[:-1] if len(rows) > 1 and not lines.read(1) else rows


def head_of(open_file: OpenFile, encoding: str) -> str:
    """Return the beginning of a file as text. Raises Unreadable."""
    with open_file() as stream:
        head = stream.read(HEAD)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        text = decoder.decode(head)
    except UnicodeError:
        raise Unreadable("encoding") from None
    if "\0" in text:
        # Bytes of one kind of Unicode read as another.
        raise Unreadable("encoding")
    return text.removeprefix("\ufeff")


def records(stream: BinaryIO, layout: Layout) -> Iterator[Record]:
    """Yield every row that holds anything, from the first. Raises Unreadable."""
    text = io.TextIOWrapper(stream, encoding=layout.encoding, newline="")
    try:
        yield from _records(text, layout.delimiter)
    except UnicodeError:
        raise Unreadable("encoding") from None
    except csv.Error:
        # Only an overlong cell ends here.
        raise Unreadable("cell_too_long") from None
    finally:
        if not stream.closed:
            text.detach()


def _records(text: io.TextIOWrapper, delimiter: str) -> Iterator[Record]:
    reader = csv.reader(itertools.chain(_lines(text), [_END]), delimiter=delimiter)
    for number, cells in enumerate(reader, start=1):
        if cells and cells[-1].endswith(_END):
            if cells != [_END]:
                raise Unreadable("quotes")
            return
        if any(map(str.strip, cells)):
            yield Record(number, cells)


def _lines(text: io.TextIOWrapper) -> Iterable[str]:
    """Yield lines, without a byte order mark and without a line that names the separator."""
    first = text.readline(LONGEST_LINE)
    _refuse_long(first)
    if not _SEPARATOR_LINE.match(first):
        yield first.removeprefix("\ufeff")
    for line in iter(functools.partial(text.readline, LONGEST_LINE), ""):
        if len(line) == LONGEST_LINE:
            _refuse_long(line)
        yield line


def _refuse_long(line: str) -> None:
    if len(line) == LONGEST_LINE and not line.endswith(("\n", "\r")):
        raise Unreadable("line_too_long")
