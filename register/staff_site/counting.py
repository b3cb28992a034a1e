"""How many rows a long list has, without counting them all."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import EmptyResultSet
from django.core.paginator import Paginator
from django.db import connection
from django.db.models import QuerySet
from django.utils.functional import cached_property

from register import access

# So few rows are counted in a fifth of a millisecond.
FEW = 1_000


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

    Where the planner expects many more than that, only a few are counted.
    """
    rows = queryset.order_by()
    if access.is_limited_now(queryset.model):
        # The planner knows how many rows others have.
        return rows.count()
    guess = _planned_rows(rows)
    # A guess can be far too high: before it is believed, there must be some.
    exact = EstimatedPaginator.EXACT_UP_TO
    limit = FEW if guess > 2 * exact else exact
    counted = rows[: limit + 1].count()
    return counted if counted <= limit else max(counted, guess)


def _planned_rows(queryset: QuerySet[Any]) -> int:
    try:
        sql, params = queryset.values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        return int(cursor.fetchone()[0][0]["Plan"]["Plan Rows"])
