"""Names, in the form in which they are compared."""

from __future__ import annotations

import re
import unicodedata

from register.identifiers.letters import visible, without_accents

_PLAIN_WORD = re.compile(r"[a-z0-9]+")


def normalise_name(text: str) -> str:
    """Return a name for comparison: plain small letters, words one blank apart.

    Accents go (Mäkelä and Makela meet, Ångström and Angstrom, Sørensen and
    Sorensen); hyphens, apostrophes and other marks become blanks. For comparing and
    searching only: it is not a name to show or to write to.
    """
    plain = without_accents(visible(text))
    if plain.isascii():  # as most are by now; a tenth of the time
        return " ".join(_PLAIN_WORD.findall(plain))
    words = "".join(
        character if _is_of_a_word(character) else " " for character in plain
    )
    return " ".join(words.split())


def name_words(text: str) -> list[str]:
    """Return the words of a name in comparison form, in their order."""
    return normalise_name(text).split()


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter, a digit or a vowel sign that hangs on a letter."""
    return unicodedata.category(character)[0] in "LNM"
