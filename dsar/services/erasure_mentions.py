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
from collections.abc import Callable, Collection
from typing import Any

from dsar.mentions import Mentions
from dsar.mentions.known_by import Identity
from dsar.scope import KIND, Scope
from dsar.services.erasure_rows import Keys, Selection, others_in
from dsar.services.erasure_texts import (
    FindSpans,
    TextColumn,
    matching_rows,
    rewrite,
    text_columns,
)
from register.datamap.derived import rebuild
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure, Identifier
from register.identifiers import name_words

# What erasure does with these fields is said for each; their texts are left to that.
_DECIDED = (Erasure.KEEP, Erasure.BLANK, Erasure.CONSTANT)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """Rows of others that mention the person, by table."""

    certain: Keys
    namesakes: Keys


def find(identity: Identity, selection: Selection, scope: Scope) -> Found:
    """Search every free text of the register for the person, but for the person's own rows.

    One pass over each table in the database; the exact test is made here.
    """
    mentions = Mentions(identity)
    found = Found(defaultdict(set), defaultdict(set))
    for entry in graph().personal():
        columns = searched_columns(entry)
        own = selection.all_of(entry.label)
        # In a field that says who somebody is, the row must be nobody else's.
        unowned: dict[Any, bool] = {}
        for key, values in matching_rows(entry, columns, mentions):
            if key in own:
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


def take_out_of_own(selection: Selection, identity: Identity, scope: Scope) -> int:
    """Take the person out of the texts of shared rows; return how many rows changed."""
    return _take_out(
        selection.rewrite,
        identity,
        scope,
        lambda entry: [c for c in _changeable(entry) if not _is_decided(c)],
    )


def take_out_of_others(keys_by_table: Keys, identity: Identity, scope: Scope) -> int:
    """Take the person out of the texts of these rows; return how many rows changed.

    They were found to speak of the person, so single names in them do so too. What
    says who somebody else is stays: a namesake keeps the name.
    """
    return _take_out(keys_by_table, identity, scope, searched_columns)


def _take_out(
    keys_by_table: Keys,
    identity: Identity,
    scope: Scope,
    columns_of: Callable[[Entry], list[TextColumn]],
) -> int:
    mentions = Mentions(identity)
    changed = 0
    for label, keys in keys_by_table.items():
        entry = graph()[label]
        columns = columns_of(entry)
        # A company or an import may have very many others; asked for only if needed.
        sparing: dict[Any, frozenset[str]] = {}
        if any(column.mentions_others for column in columns):
            sparing = _names_of_others(entry, keys, scope.subject_ids)
        owned: set[Any] = set()
        if any(column.identifies for column in columns):
            owned = owned_by_others(entry, keys, scope.subject_ids)

        def spans(
            key: Any, column: TextColumn, sparing: Any = sparing, owned: Any = owned
        ) -> FindSpans:
            if column.identifies and key in owned:
                return lambda _text: []
            return functools.partial(
                mentions.spans,
                words=column.mentions_others,
                sparing=sparing.get(key, frozenset()),
            )

        rewritten = rewrite(entry, columns, keys, spans)
        if rewritten:
            rebuild(label, keys)
        changed += rewritten
    return changed


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


def _filled(keys: Keys) -> Keys:
    return {label: found for label, found in sorted(keys.items()) if found}
