"""How many rows a long list has, without counting them all."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property

from register import access
from register.datamap.vocabulary import Action, Category

# So few rows are counted in a fifth of a millisecond.
FEW = 1_000
# Seconds for which a reader is told the same number of a long list.
KEPT_FOR = 60


class EstimatedPaginator(Paginator):  # type: ignore[type-arg]
    """Counts exactly up to a limit and takes the planner's estimate beyond it.

    Nobody reads the ten-thousandth page, but an exact count of a million rows would
    make every first page wait for it.
    """

    EXACT_UP_TO = 10_000

    @cached_property
    def count(self) -> int:
        """Number of rows: exact when small, else estimated."""
        queryset = self.object_list
        if not isinstance(queryset, QuerySet):
            return len(queryset)
        return estimated_count(queryset)


def estimated_count(queryset: QuerySet[Any]) -> int:
    """Count exactly up to ``EstimatedPaginator.EXACT_UP_TO``; the planner's word beyond.

    The number of a long list is kept for a minute: who turns its pages asks it once. It
    is that of one reader, with the rights of now: a list may ask of other tables, of which
    another reaches more, and officers see what is held.
    """
    rows = queryset.order_by()
    is_limited = access.is_limited_now(queryset.model)
    try:
        sql, params = rows.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    reader = access.reader_now()
    sees_held = access.may(reader, Action.APPROVE, Category.RETENTION)
    reach = f"{access.session_of(reader)} {sees_held}"
    asked = hashlib.sha256(f"{reach} {sql} {params}".encode())
    key = f"count-{asked.hexdigest()}"
    if (kept := cache.get(key)) is not None:
        return int(kept)
    count = _count_of_some(rows) if is_limited else _count(rows)
    if count > FEW:
        cache.set(key, count, KEPT_FOR)
    return count


def _count(rows: QuerySet[Any]) -> int:
    """Count some; where the planner expects many more, take its word for the rest."""
    guess = _planned_rows(rows)
    # A guess can be far too high: before it is believed, there must be some.
    exact = EstimatedPaginator.EXACT_UP_TO
    limit = FEW if guess > 2 * exact else exact
    counted = rows[: limit + 1].count()
    return counted if counted <= limit else max(counted, guess)


def _count_of_some(rows: QuerySet[Any]) -> int:
    """Count exactly: the planner knows how many rows others have."""
    few = rows[: FEW + 1].count()
    return few if few <= FEW else rows.count()


def _planned_rows(queryset: QuerySet[Any]) -> int:
    sql, params = queryset.values("pk").query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])
