"""Searching everything for a person, and telling the person from namesakes.

What names somebody else who is called the same, or has the same number, is known by
the data map and not counted.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

from django.db import models

from dsar.mentions import Crowd, Mentions, mentions_of
from dsar.mentions.known_by import Known
from dsar.scope import KIND, Scope
from dsar.services import erasure_mentions, verification_places as places
from dsar.services.erasure_rows import select
from dsar.services.erasure_sql import Keys as RowKeys
from dsar.services.verification_places import Table
from register.datamap.declarations import Keys, NotPersonal, Personal
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure, Portability


@dataclasses.dataclass(slots=True)
class Search:
    """What a search found, by place: surely the person's, and perhaps a namesake's."""

    left_over: Counter[str] = dataclasses.field(default_factory=Counter)
    namesakes: Counter[str] = dataclasses.field(default_factory=Counter)
    places: int = 0


def search(
    known: Known,
    *,
    scope: Scope,
    includes_namesakes: bool = False,
    after_each: Callable[[int], None] = lambda done: None,
) -> Search:
    """Return where the person is still found; ``{place: number of rows or files}``.

    With ``includes_namesakes`` the mere name counts as the person, wherever it is not
    the name of a row's own person. Entries of the cache are copies: they are deleted
    here and counted only if they come back.
    """
    mentions = mentions_of(known)
    kept = select(scope, also_due=True).keep
    found = Search()
    for number, table in enumerate(places.tables(), start=1):
        _search_table(
            table, mentions, scope, kept, found, includes_namesakes=includes_namesakes
        )
        after_each(number)
    for text in places.sessions():
        # A session should hold nobody, so the mere name counts.
        place = "django_session.session_data"
        _count_any(found, mentions, place, [text], includes_namesakes=True)
    _search_files(mentions, found, includes_namesakes=includes_namesakes)
    _search_redis(mentions, found)
    return found


# --- tables ---------------------------------------------------------------------------


def _search_table(
    table: Table,
    mentions: Mentions | Crowd,
    scope: Scope,
    kept: RowKeys,
    found: Search,
    *,
    includes_namesakes: bool,
) -> None:
    found.places += len(table.columns)
    entry = _entry_of(table)
    key = entry.model._meta.pk.column if entry else None
    certain: dict[str, set[Any]] = defaultdict(set)
    by_name: dict[str, set[Any]] = defaultdict(set)
    for row_key, texts in places.rows(table, key, mentions):
        named = False
        for column, text in texts.items():
            if mentions.certain(text):
                certain[column].add(row_key)
            elif mentions.names(text):
                by_name[column].add(row_key)
                named = True
        if not named and (columns := mentions.name_in_columns(texts)):
            by_name["+".join(columns)].add(row_key)
    for column, keys in certain.items():
        counted = _not_of_others(entry, column, keys, scope, kept)
        found.left_over[table.place(column)] += len(counted)
    for column, keys in by_name.items():
        counted = _not_of_others(entry, column, keys, scope, kept)
        is_expected = _personal(entry, column) is not None
        perhaps = is_expected and not includes_namesakes
        (found.namesakes if perhaps else found.left_over)[table.place(column)] += len(
            counted
        )
    found.left_over, found.namesakes = +found.left_over, +found.namesakes


def _entry_of(table: Table) -> Entry | None:
    for entry in graph():
        if entry.model._meta.db_table == table.name and table.schema == "public":
            return entry
    return None


def _personal(entry: Entry | None, column: str) -> list[Personal] | None:
    """Return what the data map says of a column, None if it is not for personal data."""
    if entry is None:
        return None
    columns = column.split("+")
    found: list[Personal] = []
    for name, declaration in entry.map.fields.items():
        field = entry.model._meta.get_field(name)
        if not isinstance(field, models.Field) or field.column not in columns:
            continue
        if isinstance(declaration, Keys):
            found += [d for d in declaration.keys.values() if isinstance(d, Personal)]
        elif not isinstance(declaration, NotPersonal):
            found.append(declaration)
    return found or None


def _not_of_others(
    entry: Entry | None, column: str, keys: set[Any], scope: Scope, kept: RowKeys
) -> set[Any]:
    """Leave out rows in which the value is somebody else's own, or lawfully kept."""
    personal = _personal(entry, column)
    if entry is None or personal is None:
        return keys
    if any(p.identifies or p.portability is Portability.INFERRED for p in personal):
        keys = keys - erasure_mentions.owned_by_others(entry, keys, scope.subject_ids)
    if all(p.erasure is Erasure.KEEP for p in personal) and entry.subjects(KIND):
        keys = keys - kept.get(entry.label, set())
    return keys


# --- files, cache, broker -------------------------------------------------------------


def _search_files(
    mentions: Mentions | Crowd,
    found: Search,
    *,
    includes_namesakes: bool,
) -> None:
    for path in places.stored_files():
        found.places += 1
        directory = path.partition("/")[0] if "/" in path else ""
        place = f"files/{directory}".rstrip("/")
        if _is_certain(mentions, path) or mentions.names(path):
            found.left_over[f"{place} (name)"] += 1
        _count_any(
            found,
            mentions,
            place,
            places.texts_of_file(path),
            includes_namesakes=includes_namesakes,
        )


def _search_redis(mentions: Mentions | Crowd, found: Search) -> None:
    for key, value in places.cache_entries():
        if _is_certain(mentions, f"{key} {value}") or mentions.names(f"{key} {value}"):
            places.forget_cache_entry(key)
    for key, value in places.cache_entries():
        found.places += 1
        if _is_certain(mentions, f"{key} {value}"):
            found.left_over["cache"] += 1
    for message in places.broker_messages():
        found.places += 1
        if _is_certain(mentions, message) or mentions.names(message):
            found.left_over["broker"] += 1


def _count_any(
    found: Search,
    mentions: Mentions | Crowd,
    place: str,
    texts: Any,
    *,
    includes_namesakes: bool,
) -> None:
    """Count a file once, as the surest thing that is found in it."""
    named = False
    for text in texts:
        if _is_certain(mentions, text):
            found.left_over[place] += 1
            return
        named = named or bool(mentions.names(text))
    if named:
        (found.left_over if includes_namesakes else found.namesakes)[place] += 1


def _is_certain(mentions: Mentions | Crowd, text: str) -> bool:
    """Whether a text has an address, a number or the key of the person's record."""
    return bool(mentions.certain(text) or mentions.keys(text))
