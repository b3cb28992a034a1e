"""Finding a person in running text, in whatever spelling, and taking the person out.

Three degrees of certainty, because a text is changed or a request kept open by them:

* *certain*: an e-mail address or telephone number that is the person's alone;
* *by name*: a first name beside a family name, in any order and form. In a
  conversation of the person it is the person; elsewhere it may be a namesake;
* *by word*: one name alone, a street, a nickname. Only in the person's own
  conversations does that mean the person.

Each degree is decided by one exact test in Python. PostgreSQL gets wider patterns,
which may let through too much.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Any

from dsar.mentions.inflections import is_form_of
from dsar.mentions.known_by import Identity, spellings_of_name
from dsar.mentions.patterns import (
    coarse_email,
    coarse_phone,
    coarse_word,
    email_pattern,
    key_pattern,
    phone_pattern,
    phrase_pattern,
)
from register.identifiers import name_words, normalise_name

# In no language, and never longer than what it stands for.
MARK = "[…]"

# Parts of family names that are common words: no mention of anybody by themselves.
_PARTICLES = frozenset(
    [
        "af",
        "av",
        "al",
        "bin",
        "da",
        "de",
        "del",
        "della",
        "den",
        "der",
        "di",
        "do",
        "dos",
        "du",
        "el",
        "ibn",
        "la",
        "las",
        "le",
        "los",
        "mac",
        "of",
        "och",
        "ja",
        "ter",
        "ten",
        "van",
        "ver",
        "von",
        "zu",
        "zum",
        "zur",
    ]
)
_UNSEEN = "\u0300-\u036f\u00ad\u200b-\u200f\u2060\ufeff"
TOKEN = re.compile(rf"[^\W_](?:[^\W_]|[{_UNSEEN}])*")
# What may stand between the parts of one name; \x1f divides the cells of a list.
_GAP = re.compile(r"[\s\x1f.,;:_+/'’\"()\u2010-\u2015-]{1,5}")
_END_OF_SENTENCE = re.compile(r"\.\s")
_SPACE = re.compile(r"[\s\x1f-]{1,2}")
_ANY_EMAIL = re.compile(r"[^\s@<>()\[\],;]+@[^\s@<>()\[\],;]+")

# Without one of these no text holds an address, a number, or the key of a record.
AN_AT = re.compile(r"[@＠]|%40|[(\[{]\s?[AaÄäÅå][Tt]\s?[)\]}]|\s(?:at|AT|ät)\s")
_FEWEST_DIGITS = 5
A_KEY = re.compile(r"[0-9A-Fa-f]{8}-?[0-9A-Fa-f]{4}")

Span = tuple[int, int]


class Mentions:
    """The tests and patterns for one identity."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        words = {
            word for name in identity.names for word in (*name.given, *name.family)
        }
        words |= {word for text in identity.words for word in spellings_of_name(text)}
        self._words = tuple(sorted(words))
        self._known: dict[str, tuple[str, ...]] = {}
        self._joined_names = {
            first + second
            for name in identity.names
            for given in name.given
            for family in name.family
            for first, second in ((given, family), (family, given))
        }

    # Made when first needed: it takes longer than erasing a person with few rows.

    @functools.cached_property
    def _certain(self) -> re.Pattern[str] | None:
        return _joined(
            [
                *map(email_pattern, self.identity.emails),
                *map(phone_pattern, self.identity.phones),
            ]
        )

    @functools.cached_property
    def _keys(self) -> re.Pattern[str] | None:
        return _joined([key_pattern(key) for key in self.identity.keys])

    @functools.cached_property
    def _phrases(self) -> re.Pattern[str] | None:
        return _joined([phrase_pattern(text) for text in self.identity.phrases])

    # --- for the database

    def where(self, text: str) -> tuple[str, list[Any]]:
        """Return a condition on SQL ``text``, and its parameters.

        It lets every text through in which the exact tests find an address, a number
        or the full name, and few others. Each part costs about half a microsecond a
        row; one pattern with all of them would cost more than their sum.
        """
        conditions: list[str] = []
        params: list[Any] = []
        certain = [
            *map(coarse_email, self.identity.emails),
            *map(coarse_phone, self.identity.phones),
        ]
        if certain:
            conditions.append(f'{text} COLLATE "C" ~ ANY(%s)')
            params.append(list(dict.fromkeys(certain)))
        for name in self.identity.names:
            # The family name first: it is the rarer, so the other is hardly asked for.
            parts = [
                [coarse_word(w) for w in each] for each in (name.family, name.given)
            ]
            conditions.append(
                f'({text} COLLATE "C" ~ ANY(%s) AND {text} COLLATE "C" ~ ANY(%s))'
            )
            params += [list(dict.fromkeys(part)) for part in parts]
        return " OR ".join(conditions) or "false", params

    # --- exact tests

    def certain(self, text: str) -> list[Span]:
        """Return where addresses and numbers of the person stand."""
        return _spans(self._certain, text) if _has_address(text) else []

    def keys(self, text: str) -> list[Span]:
        """Return where the number of the person's record stands."""
        return _spans(self._keys, text) if A_KEY.search(text) else []

    def names(self, text: str) -> list[Span]:
        """Return where the full name stands."""
        if not self.identity.names:
            return []
        tokens = list(TOKEN.finditer(text))
        plain = [normalise_name(token.group()) for token in tokens]
        found: list[Span] = []
        for run in self._runs(text, tokens, plain):
            found.append((tokens[run[0]].start(), tokens[run[-1]].end()))
        for token, word in zip(tokens, plain, strict=True):
            if word.rstrip("0123456789") in self._joined_names:
                found.append(token.span())
        return found

    def name_in_columns(self, texts: Mapping[str, str]) -> tuple[str, ...]:
        """Return two columns that hold a first and a family name of the person, if any."""
        words = {column: tuple(name_words(text)) for column, text in texts.items()}
        for name in self.identity.names:
            given = [c for c, w in words.items() if w and set(w) <= set(name.given)]
            family = [c for c, w in words.items() if w and set(w) <= set(name.family)]
            for one in given:
                for other in family:
                    if one != other:
                        return one, other
        return ()

    def words(self, text: str, *, sparing: frozenset[str] = frozenset()) -> list[Span]:
        """Return where single names, nicknames and streets of the person stand.

        Words that are also names in ``sparing``, those of others in the same
        conversation, are left alone.
        """
        found = _spans(self._phrases, text)
        # A name within another address is somebody else's: a relative, a colleague.
        addresses = _spans(_ANY_EMAIL, text)
        for token in TOKEN.finditer(text):
            word = normalise_name(token.group())
            if (
                self._forms(word)
                and not any(is_form_of(word, other) for other in sparing)
                and not any(start <= token.start() < end for start, end in addresses)
            ):
                found.append(token.span())
        return found

    # --- taking out

    def spans(
        self, text: str, *, words: bool = False, sparing: frozenset[str] = frozenset()
    ) -> list[Span]:
        """Return where addresses, numbers and full names stand, in order and apart.

        With ``words`` also single names and the like.
        """
        found = [*self.certain(text), *self.keys(text), *self.names(text)]
        if words:
            found += self.words(text, sparing=sparing)
        return merged(found)

    def _forms(self, word: str) -> tuple[str, ...]:
        """Return the names of the person that ``word`` may be a form of."""
        if word not in self._known:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[word] = tuple(
                name
                for name in self._words
                if name not in _PARTICLES and is_form_of(word, name)
            )
        return self._known[word]

    def _runs(
        self, text: str, tokens: list[re.Match[str]], plain: list[str]
    ) -> Iterator[list[int]]:
        """Yield runs of neighbouring tokens that hold a first and a family name."""
        parts = [self._parts(word) for word in plain]
        place = 0
        while place < len(tokens):
            run = [place]
            while run[-1] + 1 < len(tokens) and _follow(
                text, tokens, parts, run[-1], run[-1] + 1
            ):
                run.append(run[-1] + 1)
            while run and not parts[run[-1]]:
                run.pop()
            run = run or [place]
            roles = [parts[index] for index in run]
            if any(
                any(("g", n) in role for role in roles)
                and any(("f", n) in role for role in roles)
                and sum(bool({("g", n), ("f", n)} & role) for role in roles) > 1
                for n in range(len(self.identity.names))
            ):
                yield run
            place = run[-1] + 1

    def _parts(self, word: str) -> frozenset[tuple[str, int]]:
        """Return in which names ``word`` is a first (g) or family (f) name."""
        if not self._forms(word) and word not in _PARTICLES:
            return frozenset()
        return frozenset(
            (part, number)
            for number, name in enumerate(self.identity.names)
            for part, words in (("g", name.given), ("f", name.family))
            if any(is_form_of(word, each) for each in words)
        )


def _follow(
    text: str,
    tokens: list[re.Match[str]],
    parts: list[frozenset[tuple[str, int]]],
    one: int,
    two: int,
) -> bool:
    """Whether two tokens may belong to one name."""
    gap = text[tokens[one].end() : tokens[two].start()]
    if not _GAP.fullmatch(gap):
        return False
    if _END_OF_SENTENCE.match(gap) and len(tokens[one].group()) > 1:
        return False
    if parts[one] and parts[two]:
        return True
    # A second first name or an initial that the register does not know, between two
    # names that it knows: Anna Kaarina Virtanen.
    token = tokens[two if parts[one] else one].group()
    has_name_before = bool(parts[one]) or (one > 0 and bool(parts[one - 1]))
    return (
        has_name_before
        and bool(parts[one]) != bool(parts[two])
        and token[0].isupper()
        and (len(token) == 1 or bool(_SPACE.fullmatch(gap)))
    )


def _has_address(text: str) -> bool:
    digits = sum(character.isdigit() for character in text)
    return digits >= _FEWEST_DIGITS or AN_AT.search(text) is not None


def _spans(pattern: re.Pattern[str] | None, text: str) -> list[Span]:
    return [found.span() for found in pattern.finditer(text)] if pattern else []


def replaced(text: str, spans: list[Span]) -> str:
    """Return ``text`` with the mark in place of each span; they are in order and apart."""
    parts: list[str] = []
    end = 0
    for start, stop in spans:
        parts += [text[end:start], MARK]
        end = stop
    return "".join([*parts, text[end:]])


def merged(spans: list[Span]) -> list[Span]:
    """Return spans in order and apart."""
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _joined(patterns: list[str]) -> re.Pattern[str] | None:
    return (
        re.compile("|".join(f"(?:{each})" for each in patterns)) if patterns else None
    )
