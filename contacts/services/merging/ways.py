"""Which columns of which tables name a record: found from the models and the data map."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, models
from django.db.models import UniqueConstraint

from contacts.models import (
    CompanyMergedRow,
    CompanyPair,
    CompanyWord,
    ContactMergedRow,
    ContactPair,
    ContactWord,
)
from register.datamap.graph import graph, kept_with_map

# Written anew or moved by their own rule.
_NOT_MOVED: tuple[type[models.Model], ...] = (
    CompanyMergedRow,
    CompanyPair,
    CompanyWord,
    ContactMergedRow,
    ContactPair,
    ContactWord,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Way:
    """A column that names a record."""

    model: type[models.Model]
    field: str

    @property
    def label(self) -> str:
        """Return the name of the table in the data map."""
        return self.model._meta.label

    @property
    def is_foreign_key(self) -> bool:
        """Whether the row is a part of the record; else a ledger names it by number."""
        return isinstance(self.model._meta.get_field(self.field), models.ForeignKey)

    @property
    def table(self) -> str:
        """Return the name of the table, quoted."""
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def key(self) -> str:
        """Return the column of the primary key, quoted."""
        return connection.ops.quote_name(str(self.model._meta.pk.column))

    @property
    def column(self) -> str:
        """Return the column, quoted."""
        field: Any = self.model._meta.get_field(self.field)
        return connection.ops.quote_name(str(field.column))

    def uniques(self) -> Iterator[UniqueConstraint]:
        """Yield the rules by which two rows of one record may not be equal."""
        for constraint in self.model._meta.constraints:
            if not isinstance(constraint, UniqueConstraint):
                continue
            if self.field in constraint.fields:
                yield constraint
        field: Any = self.model._meta.get_field(self.field)
        if field.unique:
            yield UniqueConstraint(fields=[self.field], name=f"one_{self.field}")


@kept_with_map
def ways_to(target: type[models.Model]) -> Sequence[Way]:
    """Return all columns that name a record of ``target``, parts before wholes.

    Foreign keys, and for people the columns of ledgers that name them by number alone.
    What is append-only keeps the number it was written with; earlier versions follow by
    themselves (:func:`register.history.reading.follow`).
    """
    found = []
    for entry in graph():
        is_kept = entry.map.append_only or entry.map.versions_of
        if entry.model in _NOT_MOVED or is_kept:
            continue
        for field in entry.model._meta.concrete_fields:
            if not isinstance(field, models.ForeignKey) or field.primary_key:
                continue
            if field.remote_field.model is target:
                found.append(Way(entry.model, field.name))
        if not entry.map.root and target is graph().root("contact").model:
            found += [
                Way(entry.model, subject.by_id)
                for subject in entry.subjects("contact")
                if subject.by_id and not subject.path
            ]
    return tuple(dict.fromkeys(found))


def move(
    way: Way, *, source: Any, target: Any, besides: Iterable[Any] = ()
) -> list[str]:
    """Let the rows that name ``source`` name ``target``; return their keys as text."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {way.table} SET {way.column} = %s WHERE {way.column} = %s"  # noqa: S608 - names come from model metadata
            f" AND NOT ({way.key}::text = ANY(%s)) RETURNING {way.key}::text",
            [target, source, [str(key) for key in besides]],
        )
        return [row[0] for row in cursor.fetchall()]
