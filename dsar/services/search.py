"""Finding the person of a request, by any identifier in any spelling.

Every field that the data map says identifies a person is searched, in every table,
and the paths of the map lead from there to the persons. A record that leads to
nobody, such as a call from an unknown number, is shown as one: it may be theirs.
"""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Func, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils import formats, timezone

from dsar.mentions.spellings import Reading, readings
from dsar.models import Request
from dsar.scope import KIND, exists_now
from register import access
from register.datamap.declarations import SELF
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Action, Category, Identifier, Portability

# More rows than this of one table answer to a mere name: more must be known.
MOST_ROWS = 200
MOST_VALUES = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Match:
    """By what kind of identifier, in which table, something was found."""

    kind: Identifier
    label: str

    @property
    def table(self) -> Any:
        """The table in words."""
        return graph()[self.label].model._meta.verbose_name


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A person the request may be about.

    ``name`` and ``details`` are empty for a reader who may not see them; ``is_known``
    is false for a person who is in ledgers only, because the contact is gone.
    """

    subject_id: uuid.UUID
    matches: tuple[Match, ...]
    is_known: bool
    name: str = ""
    details: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class LooseRecord:
    """A record that leads to no person."""

    label: str
    key: str
    matches: tuple[Match, ...]
    details: tuple[str, ...] = ()

    @property
    def code(self) -> str:
        """Table and key as one text."""
        return f"{self.label}:{self.key}"

    @property
    def table(self) -> Any:
        """The table in words."""
        return graph()[self.label].model._meta.verbose_name


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What a search found, likeliest first; ``is_cut`` if there was more than fits."""

    candidates: tuple[Candidate, ...]
    records: tuple[LooseRecord, ...]
    is_cut: bool


def candidates(identifiers: list[str], *, user: object = None) -> list[Candidate]:
    """Return the persons who may be meant, likeliest first."""
    return list(find(identifiers, user=user).candidates)


def find(
    identifiers: list[str], *, user: object = None, request: Request | None = None
) -> Found:
    """Search for every identifier, in every way it can be read.

    ``user`` decides which names and addresses are shown; ``request`` is left out of
    the search, since it holds what is searched for.
    """
    people: dict[uuid.UUID, dict[Match, None]] = {}
    loose: dict[tuple[str, str], dict[Match, None]] = {}
    is_cut = False
    for reading in _all_readings(identifiers):
        for entry in _searched():
            keys, cut = _matching_keys(entry, reading)
            is_cut = is_cut or cut
            if request is not None and entry.model is Request:
                keys.discard(request.pk)
            match = Match(reading.kind, entry.label)
            for key, subject_ids in _persons_of(entry, keys).items():
                for subject_id in subject_ids:
                    people.setdefault(subject_id, {})[match] = None
                if not subject_ids:
                    loose.setdefault((entry.label, str(key)), {})[match] = None
    return Found(
        tuple(described(people, user)),
        tuple(_described_records(loose, user)),
        is_cut,
    )


def _all_readings(identifiers: list[str]) -> Iterator[Reading]:
    seen = set()
    for reading in itertools.chain.from_iterable(map(readings, identifiers)):
        key = (reading.kind, reading.values, reading.patterns)
        if key not in seen:
            seen.add(key)
            yield reading


def _searched() -> list[Entry]:
    return [
        entry
        for entry in graph().personal()
        if entry.subjects(KIND) and not _only_repeats(entry)
    ]


def _only_repeats(entry: Entry) -> bool:
    """Whether all a table holds was worked out of others, where it is found as well."""
    return all(
        personal.portability is Portability.INFERRED
        for _name, personal in entry.map.personal_fields()
    )


def _fields_for(entry: Entry, reading: Reading) -> list[str]:
    """Return the fields of a table in which such an identifier may be."""
    if reading.kind is Identifier.ID and not _is_uuid(reading):
        # A number that a person quotes may be that of a case, a call, a company.
        return [
            name
            for name, _personal in entry.map.personal_fields()
            if _is_short_text(entry, name)
        ]
    return [
        name
        for name, personal in entry.map.personal_fields()
        if reading.kind in personal.identifies
    ]


def _is_short_text(entry: Entry, name: str) -> bool:
    if "." in name:
        return False
    field = entry.model._meta.get_field(name)
    return type(field) is models.CharField and not field.choices


def _is_uuid(reading: Reading) -> bool:
    return len(reading.values) == 1 and len(reading.values[0]) == 36


def _matching_keys(entry: Entry, reading: Reading) -> tuple[set[Any], bool]:
    """Return the keys of the rows that hold the identifier, and whether some were cut."""
    fields = _fields_for(entry, reading)
    if not fields:
        return set(), False
    rows = _existing(entry)
    # A name is one, though its parts are in several fields.
    groups = [fields] if reading.kind is Identifier.NAME else [[f] for f in fields]
    found: set[Any] = set()
    for group in groups:
        candidates = rows.annotate(whole=_joined(group)).filter(
            _condition(group, reading)
        )
        for key, whole in candidates.values_list("pk", "whole").iterator(
            chunk_size=500
        ):
            if reading.is_match(whole):
                found.add(key)
                if len(found) > MOST_ROWS:
                    return found, True
    return found, False


def _existing(entry: Entry) -> QuerySet[Any]:
    meta = entry.model._meta
    rows = entry.model._base_manager.order_by()
    return rows.extra(where=[exists_now(entry, meta.db_table)])  # noqa: S610 - SQL from model metadata


def _joined(fields: list[str]) -> Func:
    parts = [Cast(F(field), models.TextField()) for field in fields]
    return Func(
        Value(" "), *parts, function="concat_ws", output_field=models.TextField()
    )


def _condition(fields: list[str], reading: Reading) -> Q:
    """Return what the database lets through: exact texts by index, or patterns."""
    condition = Q()
    if reading.values:
        condition |= Q(**{f"{fields[0]}__in": reading.values})
    if reading.patterns:
        for patterns in itertools.combinations(reading.patterns, reading.fewest):
            condition |= Q(*(Q(whole__regex=pattern) for pattern in patterns))
    return condition


def _persons_of(entry: Entry, keys: set[Any]) -> dict[Any, set[uuid.UUID]]:
    """Return the persons that each row leads to."""
    persons: dict[Any, set[uuid.UUID]] = {key: set() for key in keys}
    if not keys:
        return persons
    for subject in entry.subjects(KIND):
        if subject.path == SELF:
            for key in keys:
                persons[key].add(key)
            continue
        pairs = entry.model._base_manager.filter(
            pk__in=keys, **subject.condition
        ).values_list("pk", subject.lookup)
        for key, subject_id in pairs.order_by():
            if subject_id is not None:
                persons[key].add(subject_id)
    return persons


def described(
    people: dict[uuid.UUID, dict[Match, None]], user: object
) -> list[Candidate]:
    """Return persons with what ``user`` may see of them, likeliest first."""
    known = set(
        graph()
        .root(KIND)
        .model._base_manager.filter(pk__in=people)
        .values_list("pk", flat=True)
    )
    names, details = _shown_of(list(people), user)
    found = [
        Candidate(
            subject_id,
            tuple(matches),
            subject_id in known,
            " ".join(names.get(subject_id, [])),
            tuple(dict.fromkeys(details.get(subject_id, [])))[:MOST_VALUES],
        )
        for subject_id, matches in people.items()
    ]
    return sorted(found, key=_likelihood)


def _likelihood(candidate: Candidate) -> tuple[int, int, str]:
    exact = {m.kind for m in candidate.matches if m.kind is not Identifier.NAME}
    kinds = {match.kind for match in candidate.matches}
    return -len(exact), -len(kinds), str(candidate.subject_id)


def _shown_of(
    subject_ids: list[uuid.UUID], user: object
) -> tuple[dict[uuid.UUID, list[str]], dict[uuid.UUID, list[str]]]:
    """Return names and addresses by person, of the categories that ``user`` may see."""
    names: dict[uuid.UUID, list[str]] = {}
    details: dict[uuid.UUID, list[str]] = {}
    root = graph().root(KIND)
    for entry in _searched():
        if entry.map.category is Category.REQUESTS:
            continue  # what the person wrote is no more than what was searched for
        if not access.may(user, Action.VIEW, entry.map.category):
            continue
        for name, personal in entry.map.personal_fields():
            if not personal.identifies or Identifier.ID in personal.identifies:
                continue
            target = names if entry is root else details
            for subject in entry.subjects(KIND):
                rows = entry.model._base_manager.filter(
                    **{f"{subject.lookup}__in": subject_ids}, **subject.condition
                ).values_list(subject.lookup, name)
                for subject_id, value in rows.order_by("pk")[: 50 * MOST_ROWS]:
                    if value:
                        target.setdefault(subject_id, []).append(str(value))
    return names, details


def _described_records(
    loose: dict[tuple[str, str], dict[Match, None]], user: object
) -> list[LooseRecord]:
    found = []
    for (label, key), matches in sorted(loose.items()):
        entry = graph()[label]
        details: tuple[str, ...] = ()
        if access.may(user, Action.VIEW, entry.map.category):
            details = _values_of(entry, key)
        found.append(LooseRecord(label, key, tuple(matches), details))
    return found


def _values_of(entry: Entry, key: str) -> tuple[str, ...]:
    """Return the identifying values and the time of one row, to tell it from others."""
    names = [n for n, personal in entry.map.personal_fields() if personal.identifies]
    anchor = getattr(entry.map.retention, "anchor", "")
    if anchor:
        names.append(anchor)
    row = entry.model._base_manager.filter(pk=key).values_list(*names).first() or ()
    return tuple(_readable(value) for value in row if value)[:MOST_VALUES]


def _readable(value: Any) -> str:
    if isinstance(value, datetime):
        return str(formats.localize(timezone.localtime(value)))
    return str(value)
