"""What one person is known by, gathered for the search that an erasure makes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Set

from register.identifiers import name_words

# Letters people write for those they cannot type.
_TRANSCRIBED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


@dataclasses.dataclass(frozen=True, slots=True)
class FullName:
    """First names and family names, as words in plain letters."""

    given: tuple[str, ...]
    family: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Identity:
    """What one person is known by. Addresses and numbers are in their normal forms."""

    emails: tuple[str, ...] = ()
    phones: tuple[str, ...] = ()
    names: tuple[FullName, ...] = ()
    words: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not any(dataclasses.astuple(self))

    def without(self, shared: Set[str]) -> Identity:
        """Return the identity without addresses and numbers that others have too."""
        if shared.isdisjoint(self.emails) and shared.isdisjoint(self.phones):
            return self
        return dataclasses.replace(
            self,
            emails=tuple(email for email in self.emails if email not in shared),
            phones=tuple(phone for phone in self.phones if phone not in shared),
        )


# One for each person whom an erasure is about.
Known = tuple[Identity, ...]


def full_name(given: str, family: str) -> FullName | None:
    """Return a name whose parts are known; None if one of them is missing."""
    name = FullName(spellings_of_name(given), spellings_of_name(family))
    return name if name.given and name.family else None


def full_names(text: str, family: Iterable[str] = ()) -> list[FullName]:
    """Read a whole name; ``family`` are words known to be family names.

    Without them either end may be the family name.
    """
    parts = [part for part in re.split(r"[\s,]+", text) if name_words(part)]
    known = set(family)
    last = [part for part in parts if known & set(name_words(part))]
    if last:
        splits = [(" ".join(p for p in parts if p not in last), " ".join(last))]
    else:
        splits = (
            [(" ".join(parts[:-1]), parts[-1]), (" ".join(parts[1:]), parts[0])]
            if parts
            else []
        )
    found = [full_name(given, family_name) for given, family_name in splits]
    return [name for name in found if name is not None]


def spellings_of_name(text: str) -> tuple[str, ...]:
    """Return the words of a name in plain letters, transcribed ones (Maekelae) too."""
    transcribed = text.lower().translate(_TRANSCRIBED)
    return tuple(dict.fromkeys([*name_words(text), *name_words(transcribed)]))
