"""What a person may be found by, and how each spelling of it is looked for.

A line that somebody wrote is read in every way it makes sense: as an e-mail address,
a telephone number, a name, an address, a number or code. Each way gives a condition
for the database, which may let through too much, and an exact test in Python, which
does not. The exact forms are those of :mod:`register.identifiers`.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
import uuid
from collections.abc import Callable

from register.datamap.vocabulary import Identifier
from register.identifiers import (
    name_words,
    normalise_name,
    phone_digits_variants,
    try_normalise_business_id,
    try_normalise_email,
    try_normalise_phone,
)

# Letters of an address in words; what stands between <> is an e-mail address.
_ANGLE = re.compile(r"<[^>]*>")
_FEWEST_DIGITS = 7
# +358 16 1234: longer ones have seven digits after any country's code.
_SHORT = 10
# The letters of Latin, Greek and Cyrillic; ligatures, full width, mathematical.
_LETTERS = (
    range(0x80, 0x530),
    range(0x1D00, 0x2000),
    range(0xFB00, 0xFB07),
    range(0xFF10, 0xFF5B),
    range(0x1D400, 0x1D800),
)
# May stand unseen between two letters: combining marks, soft hyphen, zero width.
_UNSEEN = "[\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff]*"

_UNSEEN_OR_JOINT = f"[ '{_UNSEEN[1:-2]}-]*"


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """One way to read what was written.

    ``values`` are the exact texts that an index can find. Every other spelling meets
    ``fewest`` of the PostgreSQL regular expressions in ``patterns``. ``is_match``
    decides about a value.
    """

    kind: Identifier
    values: tuple[str, ...]
    patterns: tuple[str, ...]
    fewest: int
    is_match: Callable[[str], bool]


def readings(text: str) -> list[Reading]:
    """Return every way in which ``text`` may identify a person; none for an empty text."""
    text = text.replace("\0", " ").strip()
    found = [
        reading
        for reading in (
            _as_uuid(text),
            _as_email(text),
            _as_phone(text),
            _as_code(text),
        )
        if reading is not None
    ]
    words = name_words(_ANGLE.sub(" ", text))
    is_name = "@" not in _ANGLE.sub(" ", text)
    if is_name and any(len(word) > 1 and not word.isdigit() for word in words):
        found.append(_as_words(Identifier.NAME, words))
        if any(word.isdigit() for word in words):
            found.append(_as_words(Identifier.ADDRESS, words))
    return found


def is_same_name(one: list[str], other: list[str]) -> bool:
    """Whether two names, as words, may be the same person's.

    In any order; one of them may have more words (a second first name), but the
    smaller has at least two, or is the whole that was asked for; initials stand for
    words, and "Anna-Maria", "Anna Maria" and "Annamaria" are one name.
    """
    if not one or not other:
        return False
    return _covers(other, one) or (len(other) > 1 and _covers(one, other))


def _as_uuid(text: str) -> Reading | None:
    try:
        number = uuid.UUID(text.strip("{}").removeprefix("urn:uuid:"))
    except ValueError:
        return None
    return Reading(Identifier.ID, (str(number),), (), 0, lambda v: v == str(number))


def _as_email(text: str) -> Reading | None:
    email = try_normalise_email(text)
    if email is None:
        return None
    local = email.rpartition("@")[0]
    pattern = spelt(local)
    return Reading(
        Identifier.EMAIL,
        tuple(dict.fromkeys([email, text])),
        (pattern,),
        1,
        lambda value: try_normalise_email(value) == email,
    )


def _as_phone(text: str) -> Reading | None:
    if "@" in text or sum(c.isdecimal() for c in text) < _FEWEST_DIGITS - 1:
        return None
    number = try_normalise_phone(text)
    if number is None:
        return None
    variants = phone_digits_variants(number)
    # Marks may stand between any two of the digits.
    pattern = r"[^0-9]*".join(tail_of(number))
    return Reading(
        Identifier.PHONE,
        tuple(dict.fromkeys([*variants, text])),
        (pattern,),
        1,
        lambda value: try_normalise_phone(value) == number,
    )


def tail_of(number: str) -> str:
    """Return the last digits of a normal number, which are in every form of it.

    Without the country and the area code's 0, a short number has six of its own.
    """
    return number[-6:] if len(number) <= _SHORT else number[-_FEWEST_DIGITS:]


def _as_code(text: str) -> Reading | None:
    """A number that somebody gave the person or a case: looked for as it is."""
    if not re.fullmatch(r"(?=.*\d)[\w./#-]{3,80}", text):
        return None
    business_id = try_normalise_business_id(text)
    values = [text, text.upper(), text.lower()]
    if business_id:
        values += [business_id, business_id.replace("-", "")]
    known = tuple(dict.fromkeys(values))
    return Reading(Identifier.ID, known, (), 0, lambda value: value in known)


def _as_words(kind: Identifier, words: list[str]) -> Reading:
    long = [word for word in words if len(word) > 1]
    patterns = tuple(_word_pattern(word) for word in dict.fromkeys(long))
    return Reading(
        kind,
        (),
        patterns,
        min(2, len(patterns)),
        lambda value: is_same_name(words, name_words(value)),
    )


def _word_pattern(word: str) -> str:
    initial = rf"(^|[^[:alnum:]]){spelt(word[0])}([^[:alnum:]]|$)"
    # Anna-Maria, Anna Maria and Annamaria are one name.
    return f"{spelt(word, _UNSEEN_OR_JOINT)}|{initial}"


def spelt(word: str, between: str = _UNSEEN) -> str:
    """Return a pattern for every way in which Unicode writes plain letters."""
    parts = []
    place = 0
    while place < len(word):
        letters = word[place : place + 2]
        single = between.join(_letter_class(letter) for letter in letters)
        if len(letters) == 2 and letters in _spellings_of():  # ae and æ
            parts.append(f"({single}|[{_spellings_of()[letters]}])")
            place += 2
        else:
            parts.append(_letter_class(letters[0]))
            place += 1
    return between.join(parts)


def _letter_class(letter: str) -> str:
    spellings = letter + letter.upper() + _spellings_of().get(letter, "")
    return "[" + re.sub(r"([\]\[\\^-])", r"\\\1", spellings) + "]"


@functools.cache
def _spellings_of() -> dict[str, str]:
    """Map one or two plain letters to the characters that may stand for them."""
    found: dict[str, str] = {}
    for code in itertools.chain(*_LETTERS):
        plain = normalise_name(chr(code)).replace(" ", "")
        if 0 < len(plain) < 3 and plain != chr(code):
            found[plain] = found.get(plain, "") + chr(code)
    return found


def _covers(words: list[str], asked: list[str]) -> bool:
    """Whether each of ``asked`` is among ``words``, also in two parts or as an initial."""
    present = {*words, *map("".join, itertools.pairwise(words))}
    place = 0
    while place < len(asked):
        word = asked[place]
        pair = word + asked[place + 1] if place + 1 < len(asked) else ""
        if word in present or _has_initial(words, word):
            place += 1
        elif pair and pair in present:
            place += 2
        else:
            return False
    return True


def _has_initial(words: list[str], word: str) -> bool:
    if len(word) == 1:
        return any(each.startswith(word) for each in words)
    return word[0] in words
