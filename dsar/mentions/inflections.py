"""The forms a name takes in Finnish and Swedish sentences.

"Kirjoitin Virtaselle, Annan sähköposti": a name that is declined is still the name.
All words here are in the plain form of :func:`register.identifiers.normalise_name`,
so that ä and a are one letter. The rules are generous: they may take a common word
for a form of a name, never overlook a usual form. Sources: Iso suomen kielioppi
(VISK) §§ 41-78 for the stems, § 81 for the endings.
"""

from __future__ import annotations

import functools
import re

_VOWELS = "aeiouy"
# Case endings after a stem that ends in a vowel; the illative is made from the vowel.
_ENDINGS = [
    "n",
    "a",
    "ta",
    "na",
    "ksi",
    "ssa",
    "sta",
    "lla",
    "lta",
    "lle",
    "tta",
    "s",
    "t",
    "in",
    "ia",
    "ja",
    "ien",
    "jen",
    "ita",
    "iden",
    "iin",
    "ihin",
    "issa",
    "ista",
    "illa",
    "ilta",
    "ille",
    "ten",
    "seen",
]
# After the consonant stem of names in -nen: Virtas-ta, Virtas-ten.
_CONSONANT_ENDINGS = [
    "ta",
    "ten",
    "et",
    "ia",
    "ien",
    "ille",
    "illa",
    "ilta",
    "issa",
    "ista",
    "iin",
    "iksi",
]
# No possessives: "Marianne" is another name, hardly ever "your Mari".
_CLITICS = ("", "kin", "kaan", "ko", "han", "pa")

# Consonants that weaken before an ending: Pekka, Pekan; Lahti, Lahden; Virta, Virran.
_WEAKENED = (
    ("kk", "k"),
    ("pp", "p"),
    ("tt", "t"),
    ("nk", "ng"),
    ("nt", "nn"),
    ("lt", "ll"),
    ("rt", "rr"),
    ("mp", "mm"),
    ("ht", "hd"),
    ("lk", "l"),
    ("rk", "r"),
    ("lk", "lj"),
    ("rk", "rj"),
    ("t", "d"),
    ("p", "v"),
    ("k", ""),
)


def is_form_of(token: str, word: str) -> bool:
    """Whether ``token`` is ``word`` in some form; both in plain small letters."""
    if token == word:
        return True
    return any(
        token.startswith(stem) and token[len(stem) :] in endings
        for stem, endings in stems_of(word)
    )


def shared_beginning(word: str) -> str:
    """Return the letters with which every form of ``word`` begins."""
    stems = [word, *(stem for stem, _ in stems_of(word))]
    shortest = min(stems, key=len)
    for length in range(len(shortest), 0, -1):
        if all(stem.startswith(shortest[:length]) for stem in stems):
            return shortest[:length]
    return word[:1]


@functools.lru_cache(maxsize=4096)
def stems_of(word: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the stems of a name, each with the endings that may follow it."""
    if len(word) < 2 or not word.isalpha():
        return ()
    if word.endswith("nen") and len(word) > 4:
        return (
            (word[:-3] + "se", _endings_after("e")),
            (word[:-3] + "s", _with_clitics(tuple(_CONSONANT_ENDINGS))),
            (word, _with_clitics(("s",))),
        )
    if word[-1] in _VOWELS:
        stems = {word, *_weakened(word)}
        if word[-1] == "i":
            stems |= {stem[:-1] + "e" for stem in stems}
        if word[-1] == "e":
            stems.add(word + "e")  # Rouste, Rousteen
        return tuple((stem, _endings_after(stem[-1])) for stem in sorted(stems))
    stems = {word + "i"}  # Smith, Smithin
    if word.endswith("s"):
        stems.add(word[:-1] + "kse")  # Markus, Markuksen
    if word.endswith(("as", "is")):
        stems.add(re.sub("ng(.)$", r"nk\1", word[:-1]) + word[-2])  # Kangas, Kankaan
    found = [(stem, _endings_after(stem[-1])) for stem in sorted(stems)]
    return (*found, (word, _with_clitics(("s", "ta"))))


def _weakened(word: str) -> set[str]:
    """Return the weak stems: those with the last consonants before the vowel weakened."""
    body, vowel = word[:-1], word[-1]
    return {
        body[: len(body) - len(strong)] + weak + vowel
        for strong, weak in _WEAKENED
        if body.endswith(strong) and len(body) > len(strong)
    }


@functools.cache
def _endings_after(vowel: str) -> frozenset[str]:
    illative = (f"{vowel}n", f"h{vowel}n")
    return _with_clitics((*_ENDINGS, *illative))


@functools.cache
def _with_clitics(endings: tuple[str, ...]) -> frozenset[str]:
    bare = frozenset(_CLITICS) - {""}
    return bare | {ending + clitic for ending in endings for clitic in _CLITICS}
