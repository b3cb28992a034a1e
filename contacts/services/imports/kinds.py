"""What kind of file it is, by its content: the name of a file proves nothing."""

from __future__ import annotations

import zipfile
from typing import BinaryIO

import filetype

from contacts.services.imports.cards import BEGIN
from contacts.services.imports.layouts import CARDS, CSV, XLSX, Unreadable
from register.files import chunks_of

HEAD = 64 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The stream in which an encrypted workbook hides, in a folder of the older format.
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
# Nothing but cells without anything in them.
_BLANKS = b" \t\r\n;,|"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# Control characters that a table never has; a form feed or the DOS end of file may be.
_CONTROLS = bytes({*range(0x20)} - {0x00, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A, 0x1B})
_MOST_CONTROLS = 0.01
_OTHER_ARCHIVES = (
    ("xl/workbook.bin", "workbook_binary"),
    ("mimetype", "workbook_ods"),
    ("Index/Document.iwa", "workbook_numbers"),
    ("word/document.xml", "document"),
)


def kind_of(stream: BinaryIO) -> str:
    """Return CSV, XLSX or CARDS. Raises Unreadable for every other kind of file."""
    head = stream.read(HEAD)
    if not head.strip(_BLANKS + b"\xef\xbb\xbf\xff\xfe\0"):
        raise Unreadable("empty" if _is_blank(stream) else "not_text")
    if head.startswith(b"PK"):
        return _archive(stream)
    if head.startswith(_OLE):
        stream.seek(0)
        raise Unreadable("encrypted" if _holds(stream, _ENCRYPTED) else "workbook_xls")
    if _is_of_cards(head):
        return CARDS
    if filetype.guess(head) is not None or head.startswith(b"%PDF"):
        raise Unreadable("not_text")
    _refuse_markup(head)
    _refuse_binary(head)
    return CSV


def _is_of_cards(head: bytes) -> bool:
    """Whether the first line that says anything begins a card, in whatever Unicode."""
    first = head[:1024].replace(b"\0", b"").removeprefix(b"\xff\xfe")
    first = first.removeprefix(b"\xfe\xff").lstrip()
    return BEGIN.match(first.partition(b"\n")[0].partition(b"\r")[0]) is not None


def _is_blank(stream: BinaryIO) -> bool:
    return not any(chunk.strip(_BLANKS) for chunk in chunks_of(stream))


def _archive(stream: BinaryIO) -> str:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = {member.filename for member in archive.infolist()[:5_000]}
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError):
        raise Unreadable("workbook_damaged") from None
    if "xl/workbook.xml" in names or "[Content_Types].xml" in names:
        for name, code in _OTHER_ARCHIVES:
            if name in names:
                raise Unreadable(code)
        return XLSX
    for name, code in _OTHER_ARCHIVES:
        if name in names:
            raise Unreadable(code)
    raise Unreadable("archive")


def _holds(stream: BinaryIO, needle: bytes) -> bool:
    tail = b""
    for chunk in chunks_of(stream):
        if needle in tail + chunk:
            return True
        tail = chunk[-len(needle) :]
    return False


def _refuse_markup(head: bytes) -> None:
    start = head[:4096].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    if start[:1] == b"<":
        raise Unreadable("markup")
    if start[:1] in b"{[" and start[1:].lstrip()[:1] in b'{["]}':
        raise Unreadable("json")


def _refuse_binary(head: bytes) -> None:
    is_utf_16 = head.startswith(_UTF_16) or utf_16_without_mark(head) is not None
    if is_utf_16:
        return
    if b"\0" in head:
        raise Unreadable("nul")
    controls = len(head) - len(head.translate(None, _CONTROLS))
    if controls > max(4, _MOST_CONTROLS * len(head)):
        raise Unreadable("not_text")


def utf_16_without_mark(head: bytes) -> str | None:
    """Return the byte order if every other byte of mostly Latin text is NUL."""
    even, odd = head[0::2], head[1::2]
    if len(odd) < 8:
        return None
    even_share = even.count(0) / len(even)
    odd_share = odd.count(0) / len(odd)
    if odd_share > 0.7 and even_share < 0.01:
        return "utf-16-le"
    if even_share > 0.7 and odd_share < 0.01:
        return "utf-16-be"
    return None
