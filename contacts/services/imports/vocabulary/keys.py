"""The form in which names of columns are compared."""

from __future__ import annotations

import functools

from register.identifiers import name_words


@functools.lru_cache(maxsize=4096)
def key(name: str) -> str:
    """Return a name of a column in the form in which names are compared."""
    return "".join(name_words(name[:200]))


def key_without_number(name: str) -> str:
    """Return the same without the number that tells columns of one kind apart."""
    return "".join(character for character in key(name) if not character.isdecimal())
