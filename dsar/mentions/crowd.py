"""Finding any of many people in running text.

One pattern with ten thousand people would try each of them on every text. Here what
stands in the text is looked up: what could be the end of an address or number, and
the words. Only the few people whom that finds are put to the exact test.
"""

from __future__ import annotations

import copy
import functools
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from dsar.mentions.finding import A_KEY, AN_AT, TOKEN, Mentions
from dsar.mentions.inflections import is_form_of, shared_beginning
from dsar.mentions.known_by import FullName, Identity, Known, spellings_of_name
from dsar.mentions.patterns import AN_ADDRESS_SIGN, BETWEEN_DIGITS
from dsar.mentions.spellings import tail_of
from register.identifiers import normalise_name

_NUMBER = re.compile(rf"[0-9０-９](?:{BETWEEN_DIGITS}[0-9０-９]){{5,}}")
_NO_DIGITS = re.compile(r"[^0-9０-９]+")
_FULL_WIDTH = {0xFF10 + digit: str(digit) for digit in range(10)}
_AT = re.compile(AN_ADDRESS_SIGN)
# Wherever it begins: also within a longer run of such digits.
_ANY_KEY = re.compile(rf"(?=({A_KEY.pattern}))")
# From each + of several: part of them may belong to the address.
_TAG = re.compile(r"\+(?=[^@\s]{1,40}$)")
_LONGEST_LOCAL = 110  # 64 letters, with what may stand for one, and a tag
_NOBODY: frozenset[int] = frozenset()
_MOST_WORDS = 200_000

People = frozenset[int]
Index = dict[str, set[int]]


class Crowd:
    """The tests for many identities; they return those who are found."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._left_out: People = _NOBODY
        self._locals: Index = defaultdict(set)
        self._tails: Index = defaultdict(set)
        self._keys: Index = defaultdict(set)
        # People who are called the same are tested once.
        self._called: dict[tuple[FullName, ...], set[int]] = defaultdict(set)
        self._numbers: dict[str, int] = {}
        for number, identity in enumerate(known):
            self._add(number, identity)
        self._lengths = sorted({len(local) for local in self._locals})
        self._tail_lengths = sorted({len(tail) for tail in self._tails})
        self._names = _Names(list(self._called))
        self._people_called = [frozenset(people) for people in self._called.values()]
        self._one = functools.lru_cache(maxsize=5_000)(self._mentions_of)
        self._by_name = functools.lru_cache(maxsize=5_000)(_mentions_of_names)

    def _add(self, number: int, identity: Identity) -> None:
        for email in identity.emails:
            self._locals[_plain(email.rpartition("@")[0])].add(number)
        for phone in identity.phones:
            self._tails[tail_of(phone)].add(number)
        for key in identity.keys:
            self._keys[_first_digits(key)].add(number)
            self._numbers[key] = number
        if identity.names:
            self._called[identity.names].add(number)

    def besides(self, keys: Iterable[str]) -> Crowd:
        """Return the crowd without the people with these keys."""
        other = copy.copy(self)
        other._left_out = frozenset(self._numbers[key] for key in keys)
        return other

    def where(self, text: str) -> tuple[str, list[str]]:
        """Return a condition on SQL ``text``, and its parameters: every text is read."""
        return f"{text} <> ''", []

    # --- exact tests

    def certain(self, text: str) -> list[Identity]:
        """Return those of whom an address or a number stands in the text."""
        return self._tested(
            self._of_addresses(text) | self._of_numbers(text), Mentions.certain, text
        )

    def keys(self, text: str) -> list[Identity]:
        """Return those of whom the number of their record stands in the text."""
        found: set[int] = set()
        for key in _ANY_KEY.findall(text):
            found |= self._keys.get(_first_digits(key), _NOBODY)
        return self._tested(found, Mentions.keys, text)

    def names(self, text: str) -> list[Identity]:
        """Return those whose full name stands in the text."""
        found: set[int] = set()
        for called in self._names.perhaps_in(text):
            if self._by_name(self._names.names[called]).names(text):
                found |= self._people_called[called]
        return [self._known[number] for number in sorted(found - self._left_out)]

    def name_in_columns(self, texts: Mapping[str, str]) -> tuple[str, ...]:
        """Return two columns that hold a first and a family name of somebody, if any."""
        for called in self._names.perhaps_in("\n".join(texts.values())):
            people = self._people_called[called] - self._left_out
            mentions = self._by_name(self._names.names[called])
            if people and (columns := mentions.name_in_columns(texts)):
                return columns
        return ()

    def _tested(
        self,
        people: Collection[int],
        test: Callable[[Mentions, str], object],
        text: str,
    ) -> list[Identity]:
        return [
            self._known[number]
            for number in sorted(set(people) - self._left_out)
            if test(self._one(number), text)
        ]

    def _mentions_of(self, number: int) -> Mentions:
        return Mentions(self._known[number])

    # --- who could be meant

    def _of_addresses(self, text: str) -> set[int]:
        found: set[int] = set()
        if not self._locals or not AN_AT.search(text):
            return found
        for at in _AT.finditer(text):
            before = text[max(0, at.start() - _LONGEST_LOCAL) : at.start()]
            ends = [len(before), *(tag.start() for tag in _TAG.finditer(before))]
            for local in {_plain(before[:end]) for end in ends}:
                for length in self._lengths:
                    found |= self._locals.get(local[-length:], _NOBODY)
        return found

    def _of_numbers(self, text: str) -> set[int]:
        found: set[int] = set()
        for number in _NUMBER.findall(text) if self._tails else ():
            digits = _NO_DIGITS.sub("", number).translate(_FULL_WIDTH)
            for length in self._tail_lengths:
                for end in range(length, len(digits) + 1):
                    found |= self._tails.get(digits[end - length : end], _NOBODY)
        return found


class _Names:
    """Which of many names could stand in a text, by the beginnings of their words."""

    def __init__(self, names: list[tuple[FullName, ...]]) -> None:
        self.names = names
        self._given: Index = defaultdict(set)
        self._family: Index = defaultdict(set)
        self._joined: Index = defaultdict(set)
        for number, called in enumerate(names):
            for name in called:
                for index, words in (
                    (self._given, name.given),
                    (self._family, name.family),
                ):
                    for word in words:
                        index[word].add(number)
                for given in name.given:
                    for family in name.family:
                        self._joined[given + family].add(number)
                        self._joined[family + given].add(number)
        self._words: dict[str, list[str]] = defaultdict(list)
        for word in {*self._given, *self._family}:
            self._words[shared_beginning(word)].append(word)
        self._lengths = sorted({len(beginning) for beginning in self._words})
        self._roles: dict[str, tuple[People, People]] = {}

    def perhaps_in(self, text: str) -> set[int]:
        """Return those of which a first and a family name stand in the text."""
        given: set[int] = set()
        family: set[int] = set()
        joined: set[int] = set()
        for token in TOKEN.findall(text):
            word = normalise_name(token)
            first, last = self._of(word)
            given |= first
            family |= last
            joined |= self._joined.get(word.rstrip("0123456789"), _NOBODY)
        return (given & family) | joined

    def _of(self, word: str) -> tuple[People, People]:
        """Return in which names ``word`` may be a form of a first and of a family name."""
        if word not in self._roles:
            if len(self._roles) > _MOST_WORDS:
                self._roles.clear()
            forms = [
                name
                for length in self._lengths
                for name in self._words.get(word[:length], ())
                if is_form_of(word, name)
            ]
            self._roles[word] = (
                _NOBODY.union(*(self._given.get(name, _NOBODY) for name in forms)),
                _NOBODY.union(*(self._family.get(name, _NOBODY) for name in forms)),
            )
        return self._roles[word]


def _mentions_of_names(names: tuple[FullName, ...]) -> Mentions:
    return Mentions(Identity(names=names))


def _first_digits(key: str) -> str:
    return key.replace("-", "")[:12].lower()


def _plain(text: str) -> str:
    """Return text with plain small letters for the letters in it."""
    return "".join(map(_plain_character, text))


@functools.lru_cache(maxsize=4096)
def _plain_character(character: str) -> str:
    if not character.isalpha():
        return character
    return "".join(spellings_of_name(character)[:1]) or character.lower()
