"""Letters and digits in one form: what cannot be seen, case, accents, dashes, scripts."""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence

# Letters that no decomposition takes apart, as they are written without their strokes.
_PLAIN_LETTERS = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ŧ": "t",
        "ħ": "h",
        "ŋ": "n",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
# Invisible, though Unicode does not count them as format characters.
_BLANK_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0"
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−˗⁃﹘﹣－", "-"))
_SOFT_HYPHEN = "\u00ad"


def visible(text: str) -> str:
    """Leave out what cannot be seen: zero-width, soft hyphens, direction marks."""
    if text.isascii():
        return text
    return "".join(
        character
        for character in text
        if unicodedata.category(character) != "Cf"
        and character not in _BLANK_FILLERS
        and ord(character) not in _VARIATION_SELECTORS
    )


def folded(text: str) -> str:
    """Fold compatibility forms and case; a second time changes nothing."""
    small = visible(unicodedata.normalize("NFKC", text)).casefold()
    # Folding can undo the normal form, and normalising can bring back a capital.
    return unicodedata.normalize("NFKC", small).casefold()


def without_accents(text: str) -> str:
    """Return a text in small letters without accents and strokes."""
    if text.isascii():
        return text.lower()
    decomposed = (
        unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN_LETTERS)
    )
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", decomposed)
        if not unicodedata.combining(character)
    )


def decimal_digits(text: str) -> str:
    """Return the decimal digits of any script as 0 to 9."""
    return "".join(str(int(character)) for character in text if character.isdecimal())


def plain_with_places(text: str) -> tuple[str, Sequence[int]]:
    """Return what can be seen of a text in plain characters, and where each stood."""
    if text.isascii():
        return text, range(len(text))
    seen = [
        (plain, place)
        for place, character in enumerate(text)
        if (plain := one_plain_character(character))
    ]
    return "".join(plain for plain, _ in seen), [place for _, place in seen]


@functools.lru_cache(maxsize=4096)
def one_plain_character(character: str) -> str:
    """Return one character for one, or none for what cannot be seen."""
    if character == _SOFT_HYPHEN:
        return "-"
    if not visible(character):
        return ""
    plain = unicodedata.normalize("NFKC", character).translate(DASHES)
    return plain if len(plain) == 1 else character
