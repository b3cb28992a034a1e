"""Reading XLSX row by row, after making sure that it is no bomb.

A workbook is a zip of XML. How large its parts may be is limited before a byte is
unpacked: `zipfile` never gives more of a member than its header says, so a header that
lies cuts its own part short. Rows and shared strings are streamed (``sheet_xml``); only
the few small parts that say which sheets and formats there are, are read whole.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from defusedxml.common import DefusedXmlException

from contacts.services.imports.layouts import Record, Sheet, Unreadable
from contacts.services.imports.sheet_xml import (
    LAST_ROW,
    Formats,
    SharedStrings,
    rows_of,
)

MB = 1024 * 1024
MOST_MEMBERS = 5_000
# A hundred thousand people of twelve columns are 70 MB of XML, 10 MB packed.
MOST_UNPACKED = 1024 * MB
MOST_SHARED_STRINGS = 64 * MB
MOST_OF_A_SMALL_PART = 8 * MB
# Sheets of repeated cells pack to a fiftieth; bombs to a thousandth.
HIGHEST_RATIO = 150
SMALL = 10 * MB
MOST_SHEETS = 500
# Enough for the first rows, and read in a second, however many empty ones follow.
MOST_TO_LOOK_AT = 4 * MB
_ROOT = "_rels/.rels"
_DIMENSION = re.compile(rb'<(?:\w+:)?dimension ref="[A-Z]+\d+:[A-Z]+(\d{1,7})"')


class Workbook:
    """An open workbook: its sheets, and the rows of each."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}
        main = self._related("", _ROOT, "/officeDocument").get("", "xl/workbook.xml")
        book = self._parsed(main)
        base, name = posixpath.split(main)
        rels = f"{base}/_rels/{name}.rels"
        paths = self._related(base, rels, "/worksheet")
        self._paths: list[str] = []
        self.sheets: list[Sheet] = []
        for element in _all(book, "sheet")[:MOST_SHEETS]:
            key = _attribute(element, "id")
            if key in paths and paths[key].lower() in self._names:
                hidden = _attribute(element, "state") in ("hidden", "veryHidden")
                title = _attribute(element, "name")[:31]
                self.sheets.append(Sheet(len(self.sheets), title, hidden))
                self._paths.append(paths[key])
        if not self.sheets:
            raise Unreadable("no_sheet")
        self._strings = next(
            iter(self._related(base, rels, "/sharedStrings").values()), ""
        )
        styles = next(iter(self._related(base, rels, "/styles").values()), "")
        properties = _all(book, "workbookPr")
        counts_from_1904 = bool(properties) and _attribute(
            properties[0], "date1904"
        ) in ("1", "true")
        self._formats = self._formats_of(styles, counts_from_1904=counts_from_1904)

    def records(self, sheet: int, *, most: int | None = None) -> Iterator[Record]:
        """Yield the rows of a sheet that hold anything. Raises Unreadable.

        ``most`` limits how many bytes of XML are looked at.
        """
        if not 0 <= sheet < len(self._paths):
            raise Unreadable("no_sheet")
        with self._strings_opened() as strings:
            part = self._open(self._paths[sheet])
            yield from rows_of(part, strings, self._formats, most=most)

    def estimated_rows(self, sheet: int) -> int:
        """Return about how many rows a sheet has: what it says, else by its size."""
        path = self._names[self._paths[sheet].lower()]
        with self._archive.open(path) as part:
            said = _DIMENSION.search(part.read(4096))
        rows = int(said[1]) if said else self._archive.getinfo(path).file_size // 600
        return min(rows, LAST_ROW)

    def _formats_of(self, path: str, *, counts_from_1904: bool) -> Formats:
        if path.lower() not in self._names:
            return Formats([], counts_from_1904=counts_from_1904)
        styles = self._parsed(path)
        own = {
            _attribute(element, "numFmtId"): _attribute(element, "formatCode")
            for element in _all(styles, "numFmt")
        }
        cells = _all(styles, "cellXfs")
        used = [_attribute(xf, "numFmtId") for xf in cells[0]] if cells else []
        return Formats(
            [own.get(key, key) for key in used], counts_from_1904=counts_from_1904
        )

    @contextmanager
    def _strings_opened(self) -> Iterator[SharedStrings]:
        if self._strings.lower() in self._names:
            with self._open(self._strings) as part:
                yield SharedStrings(part)
        else:
            yield SharedStrings(None)

    def _related(self, base: str, path: str, kind: str) -> dict[str, str]:
        """Return where parts of a kind are, by the keys under which they are named."""
        if path.lower() not in self._names:
            return {}
        found = {}
        for element in self._parsed(path):
            if not _attribute(element, "Type").endswith(kind):
                continue
            target = _attribute(element, "Target")
            joined = target if target.startswith("/") else posixpath.join(base, target)
            key = _attribute(element, "Id") if path != _ROOT else ""
            found[key] = posixpath.normpath(joined).lstrip("/")
        return found

    def _open(self, path: str) -> Any:
        return self._archive.open(self._names[path.lower()])

    def _parsed(self, path: str) -> Any:
        from defusedxml.ElementTree import fromstring

        with self._open(path) as part:
            content = part.read(MOST_OF_A_SMALL_PART + 1)
        if len(content) > MOST_OF_A_SMALL_PART:
            raise Unreadable("bomb")
        return fromstring(content, forbid_dtd=True)


@contextmanager
def opened(stream: BinaryIO) -> Iterator[Workbook]:
    """Open a workbook, once it is found harmless. Whatever goes wrong is Unreadable."""
    try:
        with zipfile.ZipFile(stream) as archive:
            _refuse_bombs(archive.infolist(), _size_of(stream))
            yield Workbook(archive)
    except Unreadable:
        raise
    except DefusedXmlException:
        raise Unreadable("bomb") from None
    # A damaged workbook raises whatever its damage leads to: KeyError, ParseError,
    # BadZipFile, zlib.error, struct.error, ValueError …
    except Exception:  # noqa: BLE001
        raise Unreadable("workbook_damaged") from None


def _size_of(stream: BinaryIO) -> int:
    place = stream.tell()
    size = stream.seek(0, 2)
    stream.seek(place)
    return size


def _refuse_bombs(members: list[zipfile.ZipInfo], packed: int) -> None:
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable("encrypted")
    unpacked = sum(member.file_size for member in members)
    is_swollen = unpacked > SMALL and unpacked > HIGHEST_RATIO * packed
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED or is_swollen:
        raise Unreadable("bomb")
    for member in members:
        is_strings = re.search(r"sharedstrings", member.filename, re.IGNORECASE)
        if is_strings and member.file_size > MOST_SHARED_STRINGS:
            raise Unreadable("workbook_too_large")


def _all(root: Any, name: str) -> list[Any]:
    """Return the elements of a name, whatever namespace the program wrote."""
    return [element for element in root.iter() if _local(element.tag) == name]


def _attribute(element: Any, name: str) -> str:
    for key, value in element.attrib.items():
        if _local(key) == name:
            return str(value)
    return ""


def _local(name: str) -> str:
    return name.rpartition("}")[2]
