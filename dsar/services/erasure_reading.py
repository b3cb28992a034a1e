"""Reading what was gathered about persons: names, addresses, numbers as they are compared."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable

from dsar.mentions.known_by import (
    FullName,
    Identity,
    Known,
    full_name,
    full_names,
)
from register.datamap.vocabulary import Identifier
from register.identifiers import (
    name_words,
    try_normalise_email,
    try_normalise_phone,
)

# Addresses and numbers that are compared as they are written; most are.
NORMAL = re.compile(r"\+[0-9]+|[a-z0-9_-]+(?:\.[a-z0-9_-]+)*@[a-z0-9-]+(?:\.[a-z]+)+")

Kinds = tuple[Identifier, ...]
# Of one row: the person's key, then the values of its identifying fields.
Row = list[str | None]


@dataclasses.dataclass(frozen=True, slots=True)
class Facts:
    """The identifying values of one table's rows."""

    # What each field identifies by.
    kinds: tuple[Kinds, ...]
    # JSON as the database makes it: [[person's key or "", value, ...], ...].
    json: str
    # Whether it is the table of the persons themselves.
    is_root: bool = False

    def rows(self) -> list[Row]:
        """Return the rows read."""
        found: list[Row] = json.loads(self.json)
        return found


def read(
    keys_of: dict[str, tuple[str, ...]],
    facts: Iterable[Facts],
    lines: Iterable[str],
    shared: frozenset[str],
) -> Known:
    """Return an identity for each person of ``keys_of``: the keys of their records.

    Rows whose person is "" are of the only person. The person's record comes first,
    because it says which of the names are family names. ``lines`` is what the request
    itself says; ``shared`` are addresses and numbers that others have, too.
    """
    people = {person: _Reading(keys=list(keys)) for person, keys in keys_of.items()}
    for each in sorted(facts, key=lambda each: not each.is_root):
        for person, *values in each.rows():
            people[person or ""].take(each, values)
    for line in lines:
        people[""].take_line(line)
    return tuple(each.identity().without(shared) for each in people.values())


def addresses(facts: Iterable[Facts], lines: Iterable[str]) -> set[str]:
    """Return all addresses and numbers, as they are compared and as they are written."""
    found: set[str] = set()
    for each in facts:
        places = [
            place
            for place, kinds in enumerate(each.kinds, start=1)
            if Identifier.EMAIL in kinds or Identifier.PHONE in kinds
        ]
        for row in each.rows() if places else ():
            found.update(value for place in places if (value := row[place]))
    found.update(lines)
    for text in [text for text in found if not NORMAL.fullmatch(text)]:
        found.add(compared(text))
    return found


def compared(text: str) -> str:
    """Return an address or number as it is compared; anything else as it is."""
    if NORMAL.fullmatch(text):
        return text
    return try_normalise_email(text) or try_normalise_phone(text) or text


@dataclasses.dataclass(slots=True)
class _Reading:
    """The running lists of one person."""

    keys: list[str]
    emails: list[str] = dataclasses.field(default_factory=list)
    phones: list[str] = dataclasses.field(default_factory=list)
    names: list[FullName] = dataclasses.field(default_factory=list)
    words: list[str] = dataclasses.field(default_factory=list)
    phrases: list[str] = dataclasses.field(default_factory=list)
    family: set[str] = dataclasses.field(default_factory=set)

    def take(self, facts: Facts, values: Row) -> None:
        """Add one row's identifying values."""
        parts = []
        for kinds, value in zip(facts.kinds, values, strict=True):
            text = str(value or "").strip()
            if not text:
                continue
            if Identifier.NAME in kinds:
                parts.append(text)
            elif Identifier.EMAIL in kinds or Identifier.PHONE in kinds:
                self._take_address(text, kinds)
            elif Identifier.ADDRESS in kinds:
                self.phrases.append(text)
        if facts.is_root and len(parts) > 1:
            # First names and family name in fields of their own.
            name = full_name(" ".join(parts[:-1]), parts[-1])
            if name is not None:
                self.names.append(name)
                self.family |= set(name.family)
            self.words += parts
        else:
            self._take_name(" ".join(parts))

    def take_line(self, line: str) -> None:
        """Add something a person wrote, whatever it is."""
        email = try_normalise_email(line)
        phone = None if email else try_normalise_phone(line)
        if email:
            self.emails.append(email)
        elif phone and sum(c.isalpha() for c in line) < 4:
            self.phones.append(phone)
        elif not any(character.isdigit() for character in line):
            self._take_name(line)
        else:
            self.phrases.append(line)

    def identity(self) -> Identity:
        """Return the whole, each thing once."""
        return Identity(
            emails=_once(self.emails),
            phones=_once(self.phones),
            names=tuple(dict.fromkeys(self.names)),
            words=_once(self.words),
            phrases=_once(text for text in self.phrases if len(text) > 4),
            keys=_once(self.keys),
        )

    def _take_address(self, text: str, kinds: tuple[Identifier, ...]) -> None:
        email = try_normalise_email(text) if Identifier.EMAIL in kinds else None
        if email:
            self.emails.append(email)
        elif Identifier.PHONE in kinds and (phone := try_normalise_phone(text)):
            self.phones.append(phone)

    def _take_name(self, text: str) -> None:
        names = full_names(text, self.family)
        self.names += names
        if not names and len(name_words(text)) == 1:
            self.words.append(text)


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
