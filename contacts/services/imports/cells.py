"""Reading one cell: the value in its stored form, or a code that says what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable

from register.identifiers import (
    InvalidIdentifier,
    find_personal_identity_codes,
    name_words,
    normalise_business_id,
    normalise_email,
    normalise_phone,
)

# What our own download puts before a cell that a spreadsheet would run.
_GUARDED = re.compile(r"'(?=[=+\-@\t\r])")

_YES = frozenset(
    [
        "k",
        "kyllä",
        "kylla",
        "y",
        "yes",
        "true",
        "t",
        "1",
        "x",
        "on",
        "ja",
        "j",
        "kielto",
        "kielletty",
        "prohibited",
        "unsubscribed",
        "opted",
        "out",
        "förbud",
    ]
)
_NO = frozenset(
    [
        "e",
        "ei",
        "n",
        "no",
        "false",
        "f",
        "0",
        "off",
        "nej",
        "sallittu",
        "allowed",
        "subscribed",
    ]
)
_LANGUAGES = {
    word: code
    for code, words in (
        ("fi", "fi fin suomi finnish finska"),
        ("sv", "sv swe ruotsi swedish svenska"),
        ("en", "en eng englanti english engelska"),
    )
    for word in words.split()
}


class BadCell(Exception):
    """A cell that cannot be read. ``code`` has a sentence in ``reasons``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def plain(cell: str) -> str:
    """Return what a cell says, without what guards it against spreadsheets."""
    return _GUARDED.sub("", cell.strip(), count=1)


def text(longest: int) -> Callable[[str], str]:
    """Return a reader of one line of text. Whatever it looks like, it stays text."""

    def read(cell: str) -> str:
        value = " ".join(cell.split())
        if len(value) > longest:
            raise BadCell("too_long")
        if find_personal_identity_codes(value):
            raise BadCell("personal_identity_code")
        return value

    return read


def read_emails(cell: str) -> list[str]:
    """Return the addresses of a cell, several if they are separated by ; , or blanks."""
    several = cell.count("@") > 1
    parts = re.split(r"[;,\s]+", cell) if several else [cell]
    return [_identifier(normalise_email, part) for part in parts if part]


def read_phones(cell: str) -> list[str]:
    """Return the numbers of a cell, several if they are separated by ; or ,."""
    return [
        _identifier(normalise_phone, part)
        for part in re.split(r"[;,]", cell)
        if part.strip()
    ]


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


def read_yes_no(cell: str) -> bool:
    """Return whether a cell says yes. What is neither yes nor no is refused."""
    words = set(cell.casefold().replace("-", " ").split())
    if words <= _NO:  # a mere dash has no words
        return False
    if words <= _YES:
        return True
    raise BadCell("yes_or_no")


def _identifier(normalise: Callable[[str], str], cell: str) -> str:
    try:
        return normalise(cell)
    except InvalidIdentifier as error:
        raise BadCell(error.code) from None
