"""How personal identity codes are written, and where they stand in a text.

The rule is one for Python and the database: :data:`PATTERN` is read by both, and both
then ask whether the date exists and the check character is right, so that one in 31 of
the numbers of a form is taken for a code by chance. How often each form comes up in
ordinary numbers decided what is asked of it; the figures stand in docs/decisions.md.

A code is told with a sign of the century, with another character or blanks in its
place, or with nothing there, its date in one piece or in three. Where its check
character is a digit, more is needed, because ten digits in a row are a telephone number
far oftener: a sign, a character between two groups, or a word for it before.
"""

from __future__ import annotations

import re

from register.identifiers.letters import one_plain_character, plain_with_places

CHECK_CHARACTERS = "0123456789ABCDEFHJKLMNPRSTUVWXY"

# Greek and Cyrillic capitals that look like letters of a code.
_CAPITALS = dict(
    zip("ΑΒΕΗΚΜΝΡΤΥΧАВЕЅКМНРСТХЈУҮ", "ABEHKMNPTYXABESKMHPCTXJYY", strict=True)
)
_LOOK_ALIKES = str.maketrans(
    _CAPITALS | {letter.lower(): plain for letter, plain in _CAPITALS.items()}
)

_BLANKS = r"[ \t\n\r\f\v]"
_GAP = r"[ \t]{0,2}"
_MONTH = "[01][0-9]"
_WHOLE = f"[0-9]{_MONTH}[0-9][0-9]"  # after the first digit of the day
_PARTS = f"[0-9](?:[.] ?{_MONTH}[.] ?|/{_MONTH}/|-{_MONTH}-| {_MONTH} )[0-9][0-9]"
_BIRTH = f"(?:{_WHOLE}|{_PARTS})"
_LETTER = "[A-FHJ-NPR-Y]"
_INSTEAD_OF_SIGN = rf"{_GAP}(?:[.:;,~/_*=#|'\\]{_GAP})?"

# The forms, for Python's and PostgreSQL's regular expressions alike; case is folded.
# Letters may stand right beside a code with a mark ("hetu131052-308T"), but not beside
# the others: such texts are numbers of orders and devices.
PATTERN = (
    "[0-3](?<![0-9].)(?:"
    f"{_BIRTH}{_BLANKS}{{0,2}}(?:--?|[+]){_BLANKS}{{0,2}}[0-9]{{3}}(?:[0-9]|{_LETTER})(?![0-9])"
    "|(?<![A-Z].)(?:"
    f"{_BIRTH}{_BLANKS}?[A-FU-Y]{_BLANKS}?[0-9]{{3}}(?:[0-9]|{_LETTER})(?![0-9A-Z])"
    f"|{_BIRTH}{_INSTEAD_OF_SIGN}[0-9]{{3}}{_LETTER}(?![0-9A-Z])"
    # Digits alone must not be a part of more.
    f"|(?<![0-9][^0-9A-Z].){_BIRTH}{_INSTEAD_OF_SIGN}[0-9]{{4}}(?![0-9A-Z]|[^0-9A-Z][0-9])"
    "))"
)
# These are codes only if a word says so: ten digits in a row, a mobile telephone number
# written 040123 4567, and a date before four digits, as of a time.
LOOSE = f"^(?:[0-3]{_WHOLE}|0(?:[45]0|41)[0-9]{{3}}[ \t]+|[0-3]{_PARTS}{_INSTEAD_OF_SIGN})[0-9]{{4}}$"
WORD_BEFORE = (
    "(?:hetu|sotu|henkil[öo][^0-9A-Z]?tunnu|personbeteckning|personnummer"
    "|identity (?:code|number))[a-zäö]{0,6}[^0-9A-Z]{0,3}(?:(?:on|är|is)[^0-9A-Z]{1,3})?$"
)
LONGEST_WORD_BEFORE = 40
_CODE, _LOOSE, _WORD_BEFORE = (
    re.compile(pattern, re.IGNORECASE | re.ASCII)
    for pattern in (PATTERN, LOOSE, WORD_BEFORE)
)
# No text without this has a code; most texts are done with after one look. Invisible
# characters may stand anywhere.
_NEXT = "[^0-9０-９]{0,4}[0-9０-９]"
LIKE_A_CODE = (
    f"[0-3０-３]{_NEXT}[^0-9０-９]{{0,4}}[01０１]{_NEXT}{_NEXT}{_NEXT}"
    f"[^0-9０-９]{{0,8}}[0-9０-９]{_NEXT}{_NEXT}"
)
_LIKE_A_CODE = re.compile(LIKE_A_CODE)
_LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def find_personal_identity_codes(text: str) -> list[tuple[int, int]]:
    """Return where Finnish personal identity codes stand, as (start, end) of `text`.

    In the forms of :data:`PATTERN`, with every sign of the century (those of 2023 too),
    in small letters or letters that look alike, with a typographic dash, with a line's
    end at the sign, and with invisible characters in it. Temporary codes (900 to 999)
    count as well: they name a person just the same (tietosuojalaki 1050/2018, 29 §).
    """
    if not _LIKE_A_CODE.search(text):
        return []
    plain, places = plain_with_places(text)
    plain = plain.translate(_LOOK_ALIKES)
    spans = []
    found = _CODE.search(plain)
    while found:
        start, end = found.span()
        if _is_code(found.group()) and not _is_loose(plain, start, end):
            spans.append((places[start], places[end - 1] + 1))
            found = _CODE.search(plain, end)
        else:
            found = _CODE.search(plain, start + 1)
    return spans


def _is_code(written: str) -> bool:
    """Whether a text of the form has a date and the right check character."""
    digits = "".join(filter(str.isdecimal, written[:-1]))
    day, month, individual = int(digits[:2]), int(digits[2:4]), int(digits[6:])
    return (
        0 < month <= 12
        and 0 < day <= _LONGEST_MONTHS[month - 1]
        # The 29th of February of any century, which may not be told.
        and (day < 29 or month != 2 or int(digits[4:6]) % 4 == 0)
        and individual >= 2
        and written[-1].upper() == CHECK_CHARACTERS[int(digits) % 31]
    )


def _is_loose(plain: str, start: int, end: int) -> bool:
    before = plain[max(0, start - LONGEST_WORD_BEFORE) : start]
    return bool(_LOOSE.search(plain[start:end])) and not _WORD_BEFORE.search(before)


def replacements() -> tuple[str, str]:
    """Return what the database translates: characters, and what becomes of them.

    Those at the end have nothing in their place and are left out. Of the characters
    with four digits of Unicode; mathematical letters and digits are left to Python.
    """
    plain = {
        chr(code): one_plain_character(chr(code)).translate(_LOOK_ALIKES)
        for code in range(0x80, 0x10000)
    }
    read = {
        character: as_plain
        for character, as_plain in plain.items()
        if character != as_plain and as_plain.isascii()
    }
    kept = [character for character, as_plain in read.items() if as_plain]
    gone = [character for character, as_plain in read.items() if not as_plain]
    return "".join(kept + gone), "".join(read[character] for character in kept)
