"""Mentions of the person in rows that stay: finding them, and taking them out.

In rows that the person shares with others every mention goes. Elsewhere an address or
number shows that the person is meant; a full name may be a namesake's, so such rows
are counted by themselves and changed only if the officer says so.
"""

from __future__ import annotations

import dataclasses
import functools
import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from dsar.mentions import Crowd, Mentions, Span, mentions_of, merged
from dsar.mentions.known_by import Identity, Known
from dsar.scope import KIND, Scope
from dsar.services.erasure_claims import not_held
from dsar.services.erasure_identity import Gathered
from dsar.services.erasure_people import others_in, people_in
from dsar.services.erasure_rows import Selection
from dsar.services.erasure_sql import Keys
from dsar.services.erasure_texts import (
    FindSpans,
    TextColumn,
    matching_rows,
    rewrite,
    rows,
    text_columns,
)
from register.datamap.derived import rebuild, rebuild_without
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure, Identifier
from register.identifiers import name_words

# What erasure does with these fields is said for each; their texts are left to that.
_DECIDED = (Erasure.KEEP, Erasure.BLANK, Erasure.CONSTANT)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """Rows of others that mention the person, by table.

    Those of ``undecided`` are nobody's in the register and stay as they are: whether
    the person is meant is for somebody to judge.
    """

    certain: Keys
    namesakes: Keys
    undecided: Keys = dataclasses.field(default_factory=dict)

    def leaving(self, undecided: Keys) -> Found:
        """Return the same with these rows left to be judged."""
        return Found(
            _filled(_besides(self.certain, undecided)),
            _filled(_besides(self.namesakes, undecided)),
            undecided,
        )


def find(known: Known, selection: Selection, scope: Scope) -> Found:
    """Search every free text of the register for the persons, but for their own rows.

    One pass over each table in the database; the exact test is made here. A row that
    one of many persons shares with others is searched for the rest of them.
    """
    everybody = mentions_of(known)
    found = Found(defaultdict(set), defaultdict(set))
    for entry in graph().personal():
        columns = searched_columns(entry)
        own = selection.all_of(entry.label)
        # In a field that says who somebody is, the row must be nobody else's.
        unowned: dict[Any, bool] = {}
        rest: dict[Any, Crowd] = {}
        if isinstance(everybody, Crowd):
            shared = selection.rewrite.get(entry.label, set())
            rest = _besides_own(everybody, entry, shared, scope)
        for key, values in matching_rows(entry, columns, everybody):
            mentions = rest.get(key, everybody)
            if key in own and mentions is everybody:
                continue
            for column in columns:
                text = column.texts(values[column.name])
                certain = bool(mentions.certain(text))
                if not certain and not mentions.names(text):
                    continue
                if column.identifies:
                    unowned[key] = unowned.get(key, False) or certain
                else:
                    (found.certain if certain else found.namesakes)[entry.label].add(
                        key
                    )
        for key in set(unowned) - owned_by_others(entry, unowned, scope.subject_ids):
            kind = found.certain if unowned[key] else found.namesakes
            kind[entry.label].add(key)
    for label, keys in found.certain.items():
        found.namesakes[label] -= keys
    return Found(_filled(found.certain), _filled(found.namesakes))


def take_out_of_own(selection: Selection, gathered: Gathered, scope: Scope) -> int:
    """Take the persons out of the texts of rows they share; return how many rows changed.

    Out of each row those who are in it: another's first name means somebody else there.
    """
    changed = 0
    for label, keys in selection.rewrite.items():
        entry = graph()[label]
        columns = [c for c in _changeable(entry) if not _is_decided(c)]
        if not columns:
            continue
        known = gathered.known
        who: Known | There = known
        if len(known) > 1:
            who = _together(known, people_in(entry, keys, scope.subject_ids))
        changed += _take_out(entry, columns, keys, who, scope)
        rebuild_without(label, keys, scope.subject_ids)
    return changed


def take_out_of_others(
    keys_by_table: Keys, gathered: Gathered, scope: Scope, *, includes_namesakes: bool
) -> int:
    """Take the persons out of the texts of these rows; return how many rows changed.

    They were found to speak of a person, so single names in them do so too. What
    says who somebody else is stays: a namesake keeps the name. So does what is held.
    """
    keys_by_table = not_held(keys_by_table, besides=scope.subject_ids)
    if not keys_by_table:
        return 0
    known = gathered.known
    everybody = mentions_of(known)
    changed = 0
    for label, keys in keys_by_table.items():
        entry = graph()[label]
        columns = searched_columns(entry)
        who: Known | There = known
        if isinstance(everybody, Crowd):
            who = _spoken_of(
                everybody, entry, columns, keys, also_by_name=includes_namesakes
            )
        changed += _take_out(entry, columns, keys, who, scope)
    return changed


# --- one of many ----------------------------------------------------------------------

# What those are known by who are in a row, or of whom it speaks.
There = Mapping[Any, Known]


def _besides_own(
    everybody: Crowd, entry: Entry, keys: Collection[Any], scope: Scope
) -> dict[Any, Crowd]:
    """Return, for each shared row, those who are not in it."""
    return {
        key: everybody.besides(map(str, people))
        for key, people in people_in(entry, keys, scope.subject_ids).items()
    }


def _together(known: Known, people: Mapping[Any, Collection[uuid.UUID]]) -> There:
    by_key = {key: identity for identity in known for key in identity.keys}
    return {
        key: tuple(by_key[str(person)] for person in sorted(there))
        for key, there in people.items()
    }


def _spoken_of(
    everybody: Crowd,
    entry: Entry,
    columns: list[TextColumn],
    keys: Collection[Any],
    *,
    also_by_name: bool,
) -> There:
    found: dict[Any, Known] = {}
    for key, values in rows(entry, columns, keys):
        people: dict[Identity, None] = {}
        for column in columns:
            # By itself: a first name beside another's family name is nobody.
            text = column.texts(values[column.name])
            people |= dict.fromkeys(everybody.certain(text))
            if also_by_name:
                people |= dict.fromkeys(everybody.names(text))
        if people:
            found[key] = tuple(people)
    return found


# --- taking out -----------------------------------------------------------------------


def _take_out(
    entry: Entry,
    columns: list[TextColumn],
    keys: Collection[Any],
    who: Known | There,
    scope: Scope,
) -> int:
    # A company or an import may have very many others; asked for only if needed.
    sparing: dict[Any, frozenset[str]] = {}
    if any(column.mentions_others for column in columns):
        sparing = _names_of_others(entry, keys, scope.subject_ids)
    owned: set[Any] = set()
    if any(column.identifies for column in columns):
        owned = owned_by_others(entry, keys, scope.subject_ids)
    mentions_of_one = functools.lru_cache(maxsize=1_000)(Mentions)

    def spans(key: Any, column: TextColumn) -> FindSpans:
        people = who.get(key, ()) if isinstance(who, Mapping) else who
        if not people or (column.identifies and key in owned):
            return lambda _text: []
        return functools.partial(
            _spans_of_each,
            [mentions_of_one(identity) for identity in people],
            words=column.mentions_others,
            sparing=sparing.get(key, frozenset()),
        )

    rewritten = rewrite(entry, columns, keys, spans)
    if rewritten:
        rebuild(entry.label, keys)
    return rewritten


def _spans_of_each(
    people: list[Mentions], text: str, *, words: bool, sparing: frozenset[str]
) -> list[Span]:
    """Return where they stand, each looked for alone.

    As one person with several names they would take a word between two of them along.
    """
    return merged(
        [
            span
            for one in people
            for span in one.spans(text, words=words, sparing=sparing)
        ]
    )


def searched_columns(entry: Entry) -> list[TextColumn]:
    """Return the texts in which others may be mentioned and that may be changed."""
    return [column for column in _changeable(entry) if not column.is_derived]


def owned_by_others(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> set[Any]:
    """Return those rows that reach anybody else, members of staff included."""
    if any(subject.kind != KIND for subject in entry.map.subjects):
        return set(keys)
    return set(others_in(entry, keys, subject_ids))


def _changeable(entry: Entry) -> list[TextColumn]:
    return [] if entry.map.append_only else text_columns(entry)


def _is_decided(column: TextColumn) -> bool:
    return all(personal.erasure in _DECIDED for personal in column.personal)


def _names_of_others(
    entry: Entry, keys: Collection[Any], subject_ids: Collection[uuid.UUID]
) -> dict[Any, frozenset[str]]:
    """Return, for each row, the words of the names of everybody else in it."""
    others = others_in(entry, keys, subject_ids)
    everybody = set().union(*others.values()) if others else set()
    root = graph().root(KIND)
    fields = [
        name
        for name, personal in root.map.personal_fields()
        if Identifier.NAME in personal.identifies
    ]
    names = {
        key: frozenset(name_words(" ".join(map(str, values))))
        for key, *values in root.model._base_manager.filter(
            pk__in=everybody
        ).values_list("pk", *fields)
    }
    return {
        key: frozenset().union(*(names.get(other, frozenset()) for other in there))
        for key, there in others.items()
    }


def _besides(keys: Keys, others: Keys) -> Keys:
    return {label: found - others.get(label, set()) for label, found in keys.items()}


def _filled(keys: Keys) -> Keys:
    return {label: found for label, found in sorted(keys.items()) if found}
