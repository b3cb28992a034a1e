"""Reading, searching and rewriting the texts of rows, as the data map declares them.

A text is a column of text, a list of texts, or what stands under a key of a JSON
column. Nothing here decides whom a text is about.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, connection, models, transaction

from dsar.mentions import Crowd, Mentions, Span, replaced
from register.datamap.declarations import Keys, Personal
from register.datamap.graph import Entry
from register.datamap.vocabulary import Portability

BATCH = 2_000
# Divides the texts of a list while they are searched as one.
CELL = "\x1f"

FindSpans = Callable[[str], list[Span]]


@dataclasses.dataclass(frozen=True, slots=True)
class TextColumn:
    """A personal field in which words can stand."""

    name: str
    field: models.Field[Any, Any]
    personal: tuple[Personal, ...]
    keys: tuple[str, ...] = ()

    @property
    def column(self) -> str:
        """The column of the table."""
        return str(self.field.column)

    @property
    def identifies(self) -> bool:
        """Whether the field says who somebody is."""
        return any(personal.identifies for personal in self.personal)

    @property
    def mentions_others(self) -> bool:
        """Whether it is free text, in which anybody may be named."""
        return any(personal.mentions_others for personal in self.personal)

    @property
    def is_derived(self) -> bool:
        """Whether it only repeats what stands in other fields."""
        return all(p.portability is Portability.INFERRED for p in self.personal)

    def texts(self, value: Any) -> str:
        """Return everything a value says as one text."""
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            return CELL.join(map(str, value))
        return CELL.join(self.texts(value.get(key)) for key in self.keys)

    def rewritten(self, value: Any, find: FindSpans) -> Any:
        """Return a value with the mark in place of what ``find`` finds."""
        if isinstance(value, str):
            return replaced(value, find(value))
        if isinstance(value, list):
            return _rewritten_cells([str(cell) for cell in value], find)
        if isinstance(value, dict):
            changed = {
                key: self.rewritten(value[key], find)
                for key in self.keys
                if isinstance(value.get(key), str | list)
            }
            return {**value, **changed}
        return value


def text_columns(entry: Entry) -> list[TextColumn]:
    """Return the personal fields of a table that hold words, not codes or files."""
    found = []
    for name, declaration in entry.map.fields.items():
        field = entry.model._meta.get_field(name)
        assert isinstance(field, models.Field)  # noqa: S101 - the checks saw to it
        if isinstance(declaration, Keys):
            personal = {
                key: inner
                for key, inner in declaration.keys.items()
                if isinstance(inner, Personal)
            }
            if personal:
                found.append(
                    TextColumn(name, field, tuple(personal.values()), tuple(personal))
                )
        elif isinstance(declaration, Personal) and _holds_words(field):
            found.append(TextColumn(name, field, (declaration,)))
    return found


def rows(
    entry: Entry, fields: list[TextColumn], keys: Collection[Any]
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield ``(key, values by field)`` of the rows with ``keys``, in batches."""
    meta = entry.model._meta
    ordered = sorted(keys)
    for start in range(0, len(ordered), BATCH):
        yield from _read(
            entry,
            fields,
            f't."{meta.pk.column}" = ANY(%s)',
            [ordered[start : start + BATCH]],
        )


def matching_rows(
    entry: Entry, fields: list[TextColumn], mentions: Mentions | Crowd
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the rows in whose fields the person may be mentioned."""
    found = [mentions.where(f't."{field.column}"::text') for field in fields]
    if found:
        condition = " OR ".join(sql for sql, _params in found)
        params = [p for _, ps in found for p in ps]
        # It may be nearly the whole table.
        yield from _read(entry, fields, condition, params, in_pieces=True)


def rewrite(
    entry: Entry,
    fields: list[TextColumn],
    keys: Collection[Any],
    find: Callable[[Any, TextColumn], FindSpans],
) -> int:
    """Rewrite the texts of the rows with ``keys``; return how many rows changed.

    ``find`` gets the key of the row and the field, and returns what is to go.
    """
    changed = 0
    for key, values in rows(entry, fields, keys):
        new = {}
        for field in fields:
            value = field.rewritten(values[field.name], find(key, field))
            if value != values[field.name]:
                new[field] = value
        if new:
            _write(entry, key, new)
            changed += 1
    return changed


def _read(
    entry: Entry,
    fields: list[TextColumn],
    condition: str,
    params: list[Any],
    *,
    in_pieces: bool = False,
) -> Iterator[tuple[Any, dict[str, Any]]]:
    meta = entry.model._meta
    columns = "".join(f', t."{field.column}"' for field in fields)
    with connection.chunked_cursor() if in_pieces else connection.cursor() as cursor:
        cursor.execute(
            f'SELECT t."{meta.pk.column}"{columns} FROM "{meta.db_table}" t WHERE {condition}',  # noqa: S608 - identifiers come from model metadata
            params,
        )
        for key, *values in pieces(cursor):
            read = {
                field.name: json.loads(value)
                if field.keys and isinstance(value, str)
                else value
                for field, value in zip(fields, values, strict=True)
            }
            yield key, read


def pieces(cursor: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a cursor, of which it holds few at a time."""
    while piece := cursor.fetchmany(BATCH):
        yield from piece


def _write(entry: Entry, key: Any, values: dict[TextColumn, Any]) -> None:
    try:
        with transaction.atomic():
            _update(entry, key, values)
    except IntegrityError:
        # Two rows of a unique column cannot both hold the mark: it is emptied.
        empty = {
            field: "" if isinstance(value, str) else value
            for field, value in values.items()
        }
        _update(entry, key, empty)


def _update(entry: Entry, key: Any, values: dict[TextColumn, Any]) -> None:
    meta = entry.model._meta
    assignments = ", ".join(f'"{field.column}" = %s' for field in values)
    params = [_fitting(field, value) for field, value in values.items()]
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{meta.db_table}" SET {assignments} WHERE "{meta.pk.column}" = %s',  # noqa: S608 - as above
            [*params, key],
        )


def _fitting(field: TextColumn, value: Any) -> Any:
    if isinstance(value, dict):
        return json.dumps(value)
    if isinstance(value, str) and field.field.max_length:
        return value[: field.field.max_length]
    return value


def _rewritten_cells(cells: list[str], find: FindSpans) -> list[str]:
    """Rewrite a list: a name may stand in two cells beside each other."""
    spans = find(CELL.join(cells))
    rewritten = []
    start = 0
    for cell in cells:
        end = start + len(cell)
        inside = [
            (max(first, start) - start, min(last, end) - start)
            for first, last in spans
            if first < end and last > start
        ]
        rewritten.append(replaced(cell, inside))
        start = end + len(CELL)
    return rewritten


def _holds_words(field: models.Field[Any, Any]) -> bool:
    if isinstance(field, ArrayField):
        return _holds_words(field.base_field)
    return (
        isinstance(field, models.CharField | models.TextField)
        and not field.choices
        and not isinstance(field, models.FileField)
    )
