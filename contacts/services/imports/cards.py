"""Reading vCard 2.1, 3.0 and 4.0 (RFC 2426, RFC 6350) as telephones and mail programs write it.

Each card becomes a row of the same columns. Own code: vobject 0.9.9 took 3 ms a card,
lost the types of version 2.1 and refused a whole file for one broken picture. Pictures,
sounds, keys, notes and birthdays are skipped before they are decoded, and no more than
one card is held in memory.
"""

from __future__ import annotations

import codecs
import dataclasses
import io
import quopri
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import BinaryIO

from contacts.services.imports.layouts import Layout, Record, Unreadable

# What a card gives, in the names by which columns are recognised.
HEADER = (
    "First name",
    "Last name",
    "E-mail address",
    "Mobile telephone",
    "Telephone",
    "Company",
    "Job title",
    "Street address",
    "Postcode",
    "Town",
    "Language",
)
TARGETS = (
    *("first_name", "last_name", "email", "mobile", "phone"),
    *("company_name", "job_title", "street", "postcode", "town", "language"),
)
# What stands in a row whose card could not be read; ``cells`` refuses it.
UNREADABLE = "#CARD!"
LONGEST_LINE = 64 * 1024
# Of what is read: a person's card has some 2,000 characters.
LONGEST_CARD = 256 * 1024
BEGIN = re.compile(rb"(?:\xef\xbb\xbf)?\s*BEGIN:VCARD\s*\Z", re.IGNORECASE)
_READ = frozenset(
    [
        "BEGIN",
        "END",
        "VERSION",
        "N",
        "FN",
        "EMAIL",
        "TEL",
        "ORG",
        "TITLE",
        "ROLE",
        "ADR",
        "LANG",
        "KIND",
        "X-ABSHOWAS",
    ]
)
_LINE = re.compile(
    r"(?:[\w-]+\.)?(?P<name>[A-Za-z0-9-]+)(?P<params>(?:;[^\";:]*(?:\"[^\"]*\"[^\";:]*)*)*):(?P<value>.*)",
    re.DOTALL,
)
_PARAM = re.compile(r";((?:[^\";]|\"[^\"]*\")*)")
_MOBILE = frozenset(["cell", "mobile", "iphone"])
_NOT_SPOKEN = frozenset(["fax", "pager", "modem", "bbs"])
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class BadCard(Exception):
    """A card that is torn or decoded to nonsense."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One property of a card, unfolded: its name, its parameters and its decoded value."""

    name: str
    types: frozenset[str]
    value: str
    is_preferred: bool = False

    @property
    def parts(self) -> list[str]:
        """The parts of a structured value, in their places."""
        return [_unescaped(part) for part in _split(self.value, ";")]

    @property
    def text(self) -> str:
        """The value as one text."""
        return _unescaped(self.value)


def records(stream: BinaryIO, layout: Layout) -> Iterator[Record]:
    """Yield each card as a row, numbered from 1. Raises Unreadable."""
    text = io.TextIOWrapper(stream, encoding=layout.encoding, newline="")
    try:
        for number, card in enumerate(_cards(text), start=1):
            yield Record(number, _cells(card, layout.encoding))
    except UnicodeError:
        raise Unreadable("encoding") from None
    finally:
        if not stream.closed:
            text.detach()


def _cards(text: io.TextIOWrapper) -> Iterator[list[str] | None]:
    """Yield the unfolded lines of each card, None for one that is not closed."""
    card: list[str] | None = None
    size = 0
    for line in _unfolded(text):
        word = line.strip().upper()
        if word == "BEGIN:VCARD":
            if card is not None:
                yield None
            card, size = [], 0
        elif word == "END:VCARD" and card is not None:
            yield card
            card = None
        elif card is not None:
            card.append(line)
            size += len(line)
            if size > LONGEST_CARD:
                raise Unreadable("card_too_long")
    if card is not None:
        yield None


def _unfolded(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield whole properties; what is not read of a card is left out as it comes."""
    whole: str | None = None
    is_skipped = False
    for piece, is_start in _pieces(text):
        is_folded = piece[:1] in (" ", "\t") or not is_start
        is_soft = whole is not None and _is_quoted(whole) and whole.endswith("=")
        if is_skipped and (is_folded or not _LINE.match(piece)):
            continue
        if whole is not None and (is_soft or is_folded):
            if is_soft:
                whole = whole[:-1] + piece
            else:
                whole += piece[1:] if is_start else piece
            if len(whole) > LONGEST_LINE:
                raise Unreadable("line_too_long")
            continue
        if whole is not None:
            yield whole
            whole = None
        found = _LINE.match(piece)
        is_skipped = found is not None and found["name"].upper() not in _READ
        if not is_skipped:
            whole = piece
    if whole is not None:
        yield whole


def _pieces(text: io.TextIOWrapper) -> Iterator[tuple[str, bool]]:
    """Yield lines without their ends, in pieces, and whether a piece begins one."""
    is_start = True
    while piece := text.readline(LONGEST_LINE):
        line = piece.removeprefix("\ufeff").rstrip("\r\n")
        if line.strip() or not is_start:
            yield line, is_start
        is_start = piece.endswith(("\n", "\r"))


def _is_quoted(line: str) -> bool:
    return "QUOTED-PRINTABLE" in line.partition(":")[0].upper()


def _cells(card: list[str] | None, encoding: str) -> list[str]:
    if card is not None:
        with suppress(BadCard):
            return _row([_line(line, encoding) for line in card])
    return [UNREADABLE, *[""] * (len(HEADER) - 1)]


def _line(text: str, encoding: str) -> Line:
    found = _LINE.fullmatch(text)
    if found is None:
        raise BadCard
    types: set[str] = set()
    charset, is_quoted, is_base64 = "", False, False
    for param in _PARAM.findall(found["params"]):
        key, equals, value = param.partition("=")
        # Version 2.1 writes the value alone: TEL;CELL
        key, value = (key.upper(), value) if equals else ("", key)
        words = {word.strip().lower() for word in value.replace('"', "").split(",")}
        if key == "CHARSET":
            charset = value.strip('"')
        elif key == "PREF":
            types.add("pref")
        elif key in ("", "TYPE", "ENCODING"):
            types |= words
            is_quoted |= "quoted-printable" in words
            is_base64 |= bool({"base64", "b"} & words)
    if is_base64:
        raise BadCard
    value = found["value"]
    if charset or is_quoted:
        value = _decoded(value, charset, encoding, is_quoted=is_quoted)
    return Line(found["name"].upper(), frozenset(types), value, "pref" in types)


def _decoded(value: str, charset: str, encoding: str, *, is_quoted: bool) -> str:
    """Return a value whose characters or bytes are written in a way of their own."""
    try:
        name = codecs.lookup(charset or "utf-8").name
        if not is_quoted:
            # The file as a whole was decoded already; only bytes of another kind differ.
            if encoding.startswith("utf"):
                return value
            return value.encode(encoding).decode(name)
        data = quopri.decodestring(value.encode(encoding))
        if charset:
            return data.decode(name)
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("cp1252")
    except (LookupError, UnicodeError, ValueError):
        raise BadCard from None


def _row(lines: list[Line]) -> list[str]:
    """Return a card as the cells of a row."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        found.setdefault(line.name, []).append(line)
    for several in found.values():
        several.sort(key=lambda line: not line.is_preferred)
    first, last = _name(found)
    company = _one(found, "ORG", 0)
    shown_as = _first(found, "X-ABSHOWAS").casefold()
    is_company = shown_as == "company" or _first(found, "KIND").casefold() == "org"
    if is_company or f"{first} {last}".strip().casefold() == company.casefold():
        company, first, last = company or f"{first} {last}".strip(), "", ""
    street, town, postcode = _address(found)
    mobile: list[str] = []
    phones: list[str] = []
    for line in found.get("TEL", []):
        number = line.text.removeprefix("tel:").partition(";")[0].strip()
        if number and not line.types & _NOT_SPOKEN:
            (mobile if line.types & _MOBILE else phones).append(number)
    emails = [
        line.text.removeprefix("mailto:").strip() for line in found.get("EMAIL", [])
    ]
    cells = [
        *(first, last, "; ".join(filter(None, emails))),
        *("; ".join(mobile), "; ".join(phones), company),
        _first(found, "TITLE") or _first(found, "ROLE"),
        *(street, postcode, town, _first(found, "LANG")),
    ]
    if any("\0" in cell for cell in cells):
        raise BadCard
    return cells


def _name(found: dict[str, list[Line]]) -> tuple[str, str]:
    names = found["N"][0].parts if "N" in found else []
    last, first, middle = (*names, "", "", "")[:3]
    if first or last:
        return f"{first} {middle}".strip(), last
    first, _blank, last = _first(found, "FN").rpartition(" ")
    return first, last


def _address(found: dict[str, list[Line]]) -> tuple[str, str, str]:
    """Return street, town and postcode of the first address that says any."""
    for line in found.get("ADR", []):
        box, more, street, town, _region, postcode = (*line.parts, *[""] * 6)[:6]
        streets = [part for part in (street, more, box) if part]
        if streets or town or postcode:
            return ", ".join(streets), town, postcode
    return "", "", ""


def _first(found: dict[str, list[Line]], name: str) -> str:
    return next((text for line in found.get(name, []) if (text := line.text)), "")


def _one(found: dict[str, list[Line]], name: str, place: int) -> str:
    lines = found.get(name)
    parts = lines[0].parts if lines else []
    return parts[place] if place < len(parts) else ""


def _split(value: str, separator: str) -> Iterable[str]:
    """Yield what stands between separators that are not escaped."""
    part, is_escaped = "", False
    for character in value:
        if character == separator and not is_escaped:
            yield part
            part = ""
            continue
        part += character
        is_escaped = character == "\\" and not is_escaped
    yield part


def _unescaped(value: str) -> str:
    text = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)
    return " ".join(text.split())
