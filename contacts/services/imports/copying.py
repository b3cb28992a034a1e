"""COPY of many rows into a table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection


def copy_rows(model: type[Any], columns: str, rows: Sequence[Iterable[Any]]) -> None:
    """Add rows with these columns; the others get what the database gives them."""
    if not rows:
        return
    with (
        connection.cursor() as cursor,
        cursor.copy(f'COPY "{model._meta.db_table}" ({columns}) FROM STDIN') as copy,
    ):
        for row in rows:
            copy.write_row(tuple(row))
