"""The tables of a package: how much there is, and its rows and files one after another."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Sequence

from django.db import connection
from django.utils.translation import get_language

from dsar.models import Request
from dsar.package.rows import RowWriter
from dsar.scope import Scope, from_template
from dsar.verdicts import Column, given_columns
from register.datamap.graph import Entry

FETCHED_AT_ONCE = 1000

# JSON, line of the page, whether a decision is missing.
Row = tuple[str | None, str | None, bool]


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """One table of the package of one request."""

    entry: Entry
    request: Request
    scope: Scope
    # Number of rows when the package was begun; decides how they are fetched.
    size: int
    # What the review withheld: field, ground, number of values.
    withheld: Sequence[tuple[str, str, int]] = ()
    members: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)

    def withheld_values(self) -> list[tuple[Column, str, int]]:
        """Return what the review withheld: field, ground, number of values."""
        by_name = {column.name: column for column in given_columns(self.entry)}
        return [
            (by_name[name], ground, count)
            for name, ground, count in self.withheld
            if name in by_name
        ]

    def rows(self) -> Iterator[list[Row]]:
        """Yield batches of rows. Memory is that of one batch: the rest waits in the database."""
        if not self.size or not given_columns(self.entry):
            return  # nobody is in the table, or nothing of it may be given
        # Few rows come at once; a cursor would cost three more messages.
        is_small = self.size <= FETCHED_AT_ONCE
        opened = connection.cursor() if is_small else connection.chunked_cursor()
        with opened as cursor:
            cursor.execute(self._rows_sql())
            while batch := cursor.fetchmany(FETCHED_AT_ONCE):
                yield batch

    def files(self) -> Iterator[tuple[Column, str, str]]:
        """Yield ``(field, key, path in the storage)`` of the files that are given."""
        for column in given_columns(self.entry):
            if column.is_file and self.size:
                with connection.cursor() as cursor:
                    cursor.execute(self._writer().files(column))
                    found = cursor.fetchall()
                for key, path in found:
                    yield column, key, path

    def _rows_sql(self) -> str:
        if any(column.is_file for column in given_columns(self.entry)):
            return self._writer().rows()

        def make(request_id: uuid.UUID, scope: Scope) -> str:
            return RowWriter(self.entry, request_id, scope, {}).rows()

        name = f"rows {self.entry.label} {get_language()}"
        return from_template(name, make, self.request, self.scope)

    def _writer(self) -> RowWriter:
        return RowWriter(self.entry, self.request.pk, self.scope, self.members)
