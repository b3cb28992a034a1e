"""Questions about tables that stay cheap at a million rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, models
from django.db.models import QuerySet

# Up to here rows are counted; beyond it the planner's own estimate is good enough.
COUNTED_UP_TO = 10_000


def size_of(model: type[models.Model]) -> int:
    """Return how many rows a table has: counted when few, else estimated."""
    counted = capped(model._base_manager.all())
    if counted <= COUNTED_UP_TO:
        return counted
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples::bigint FROM pg_class WHERE oid = %s::regclass",
            [f'"{model._meta.db_table}"'],
        )
        return max(counted, int(cursor.fetchone()[0]))


def capped(rows: QuerySet[Any]) -> int:
    """Count rows, but no further than one past ``COUNTED_UP_TO``."""
    count: int = rows.order_by()[: COUNTED_UP_TO + 1].count()
    return count


def oldest_of(model: type[models.Model], column: str) -> datetime | None:
    """Return the earliest value of a column if an index leads to it, else None."""
    if not _has_index(model, column):
        return None
    found = model._base_manager.order_by().aggregate(oldest=models.Min(column))
    oldest: datetime | None = found["oldest"]
    return oldest


def _has_index(model: type[models.Model], column: str) -> bool:
    field = model._meta.get_field(column)
    return bool(getattr(field, "db_index", False)) or any(
        str(index.fields[0]).removeprefix("-") == column
        for index in model._meta.indexes
        if index.fields and not index.condition
    )
