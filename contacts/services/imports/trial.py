"""What a dry run would have written so far, in tables of its connection alone.

The rows that follow must find it as they would find what is stored, and the memory of
the worker must not grow with the file.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import connection

_TABLES = {
    "import_trial": "contact_id uuid, kind text, value text",
    "import_trial_company": "company_id uuid, name text, business_id text, word text",
}
_INDEXED = {
    "import_trial": ("value", "contact_id"),
    "import_trial_company": ("business_id", "word"),
}


class Trial:
    """Remembers what earlier rows would have added."""

    def __init__(self) -> None:
        self._rows = dict.fromkeys(_TABLES, 0)
        self._analysed = dict.fromkeys(_TABLES, 0)

    def remember(self, facts: Iterable[tuple[uuid.UUID, str, str]]) -> None:
        """Keep facts about people: the contact, a kind, and a value."""
        self._copy("import_trial", "contact_id, kind, value", facts)

    def remember_companies(
        self, companies: Iterable[tuple[uuid.UUID, str, str, str]]
    ) -> None:
        """Keep companies: their id, name, business id, and the word for the name."""
        columns = "company_id, name, business_id, word"
        self._copy("import_trial_company", columns, companies)

    def _copy(
        self, table: str, columns: str, rows: Iterable[tuple[uuid.UUID | str, ...]]
    ) -> None:
        with connection.cursor() as cursor:
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(row)
                    self._rows[table] += 1
            # Nobody else does it for a temporary table, and without it every look-up
            # would read the whole of it.
            if self._rows[table] > 2 * self._analysed[table]:
                cursor.execute(f"ANALYZE {table}")
                self._analysed[table] = self._rows[table]


@contextmanager
def trial() -> Iterator[Trial]:
    """Make the tables; they are gone afterwards, also if the process is."""
    with connection.cursor() as cursor:
        _drop()
        for table, columns in _TABLES.items():
            cursor.execute(
                f"CREATE TEMPORARY TABLE {table} (number bigserial, {columns})"
            )
            for column in _INDEXED[table]:
                cursor.execute(f"CREATE INDEX ON {table} ({column})")
        try:
            yield Trial()
        finally:
            _drop()


def _drop() -> None:
    with connection.cursor() as cursor:
        for table in _TABLES:
            cursor.execute(f"DROP TABLE IF EXISTS pg_temp.{table}")
