"""Reading one cell: the value in its stored form, or a code that says what is wrong."""

from __future__ import annotations

import datetime
import re
import uuid
from collections.abc import Callable, Mapping

from contacts.services.imports import vocabulary
from contacts.services.imports.cards import UNREADABLE
from register.identifiers import (
    InvalidIdentifier,
    name_words,
    normalise_business_id,
    normalise_email,
    normalise_phone,
)

# What our own download puts before a cell that a spreadsheet would run.
_GUARDED = re.compile(r"'(?=[=+\-@\t\r\n])")

# A day, as any system writes it, or the nought that stands for none.
_DAY = re.compile(
    r"(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\s?\d{1,2}[-./]\s?\d{2,4})(?:[T ].*)?",
    re.ASCII,
)
_NO_DAY = re.compile(r"[0\-:./ T]*")
# What is left of a long number once a spreadsheet has shown it in its own way.
_ROUNDED = re.compile(r"\d[.,]\d+[eE]\+\d+")
# Google puts three colons between the values of a cell.
_BETWEEN_EMAILS = re.compile(r"[;,\s]+|:::")
_BETWEEN_PHONES = re.compile(r"[;,]|:::|\s/\s")
_COUNTRY_OF_POSTCODE = re.compile(r"\AFI-?\s*(?=\d)", re.IGNORECASE)
_ISO_DAY = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:[T ].*)?", re.ASCII)
_OUR_DAY = re.compile(r"(\d{1,2})[./]\s?(\d{1,2})[./]\s?(\d{4})(?:[T ].*)?", re.ASCII)
_LIST = re.compile(r"[;,|\n]+|:::")
_LANGUAGES = {
    word: code for code, words in vocabulary.LANGUAGES.items() for word in words
}


class BadCell(Exception):
    """A cell that cannot be read. ``code`` has a sentence in ``reasons``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def plain(cell: str) -> str:
    """Return what a cell says, without what guards it against spreadsheets."""
    return _GUARDED.sub("", cell.strip(), count=1)


def refuse_error(cell: str) -> None:
    """Raise BadCell if the cell shows an error instead of a value."""
    if cell == UNREADABLE:
        raise BadCell("card_unreadable")
    if cell.startswith("#") and cell.casefold() in vocabulary.SPREADSHEET_ERRORS:
        raise BadCell("spreadsheet_error")


def text(longest: int) -> Callable[[str], str]:
    """Return a reader of one line of text. Whatever it looks like, it stays text."""

    def read(cell: str) -> str:
        value = " ".join(cell.split())
        if len(value) > longest:
            raise BadCell("too_long")
        return value

    return read


def read_emails(cell: str) -> list[str]:
    """Return the addresses of a cell, several if they are separated by ; , or blanks."""
    several = cell.count("@") > 1
    parts = _BETWEEN_EMAILS.split(cell) if several else [cell]
    return [_identifier(normalise_email, part) for part in parts if part]


def read_phones(cell: str) -> list[str]:
    """Return the numbers of a cell, several if they are separated by ; , or a slash."""
    if _ROUNDED.fullmatch(cell):
        raise BadCell("number_rounded")
    return [
        _identifier(normalise_phone, part)
        for part in _BETWEEN_PHONES.split(cell)
        if part.strip()
    ]


def read_postcode(cell: str) -> str:
    """Return a postcode. Finnish ones get back the noughts that a spreadsheet took."""
    value = text(12)(_COUNTRY_OF_POSTCODE.sub("", cell))
    return value.zfill(5) if value.isascii() and value.isdecimal() else value


def read_business_id(cell: str) -> str:
    """Return a business id whose check digit is right."""
    return _identifier(normalise_business_id, cell)


def read_language(cell: str) -> str:
    """Return the code of a language that the register speaks."""
    words = name_words(cell)  # two of them in fi-FI
    code = _LANGUAGES.get(words[0]) if words else None
    if code is None:
        raise BadCell("language_unknown")
    return code


def one_of(words: Mapping[str, tuple[str, ...]], unknown: str) -> Callable[[str], str]:
    """Return a reader of codes that are known by some words."""
    codes = {
        word.casefold(): code
        for code, known in words.items()
        for word in (code, code.replace("_", " "), *known)
    }

    def read(cell: str) -> str:
        code = codes.get(" ".join(cell.casefold().split()))
        if code is None:
            raise BadCell(unknown)
        return code

    return read


read_relationship = one_of(vocabulary.RELATIONSHIPS, "relationship_unknown")
read_usage = one_of(vocabulary.USAGES, "usage_unknown")
read_company_kind = one_of(vocabulary.COMPANY_KINDS, "company_kind_unknown")
read_company_status = one_of(vocabulary.COMPANY_STATUSES, "company_status_unknown")
_read_country = one_of(vocabulary.COUNTRIES, "country_unknown")


def read_country(cell: str) -> str:
    """Return the code of a country; any two letters are taken for one."""
    if len(cell) == 2 and cell.isascii() and cell.isalpha():
        return {"UK": "GB"}.get(cell.upper(), cell.upper())
    return _read_country(cell)


def read_day(cell: str) -> datetime.date:
    """Return a day, written as in Finland or by ISO 8601."""
    if found := _ISO_DAY.fullmatch(cell):
        year, month, day = map(int, found.groups())
    elif found := _OUR_DAY.fullmatch(cell):
        day, month, year = map(int, found.groups())
    else:
        raise BadCell("day_unreadable")
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise BadCell("day_unreadable") from None


def parts_of(cell: str) -> list[str]:
    """Return the words of a list in one cell."""
    return [part for each in _LIST.split(cell) if (part := " ".join(each.split()))]


def read_record_number(cell: str) -> uuid.UUID:
    """Return the number of a record of this register."""
    try:
        return uuid.UUID(cell)
    except ValueError:
        raise BadCell("record_number_unreadable") from None


def read_yes_no(cell: str) -> bool:
    """Return whether a cell says yes. What is neither yes nor no is refused."""
    words = " ".join(cell.casefold().replace("-", " ").split())
    if not words or words in vocabulary.NO:  # a mere dash has no words
        return False
    if words in vocabulary.YES:
        return True
    raise BadCell("yes_or_no")


def read_whether_happened(cell: str) -> bool:
    """Return whether a cell says when something happened, or that it did."""
    if _NO_DAY.fullmatch(cell):
        return False
    if _DAY.fullmatch(cell):
        return True
    try:
        return read_yes_no(cell)
    except BadCell:
        raise BadCell("not_a_time") from None


def _identifier(normalise: Callable[[str], str], cell: str) -> str:
    try:
        return normalise(cell)
    except InvalidIdentifier as error:
        raise BadCell(error.code) from None
