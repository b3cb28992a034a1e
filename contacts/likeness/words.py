"""Comparing words of names."""

from __future__ import annotations

# Other spellings of one sound in Finnish and Swedish names; what only these tell
# apart is almost the same, not the same (Saari is not Sari).
_SPELLINGS = (
    ("aa", "a"),
    ("ae", "a"),
    ("oe", "o"),
    ("ue", "u"),
    ("w", "v"),
    ("ph", "f"),
)
# A slip of the finger in a shorter word makes another name of it: Ari, Kari.
_SHORTEST_WITH_A_SLIP = 4


def is_slip(one: str, other: str) -> bool:
    """Whether two different words may be one: a slip of the finger, another spelling."""
    if one == other or not one or not other:
        return False
    if plain(one) == plain(other):
        return True
    if min(len(one), len(other)) < _SHORTEST_WITH_A_SLIP:
        return False
    return _is_one_edit_away(one, other)


def plain(word: str) -> str:
    """Return a word with one spelling for each sound: Wirtanen and Virtanen meet."""
    for spelling, sound in _SPELLINGS:
        word = word.replace(spelling, sound)
    return word


def _is_one_edit_away(one: str, other: str) -> bool:
    """Whether one letter was left out, added, changed, or two neighbours swapped."""
    if len(one) > len(other):
        one, other = other, one
    if len(other) - len(one) > 1:
        return False
    start = 0
    while start < len(one) and one[start] == other[start]:
        start += 1
    if len(one) < len(other):
        return one[start:] == other[start + 1 :]
    rest, other_rest = one[start:], other[start:]
    if rest[1:] == other_rest[1:]:
        return True
    return rest[:2] == other_rest[:2][::-1] and rest[2:] == other_rest[2:]
