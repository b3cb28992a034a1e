"""Measures one thing against itself: shows how much this machine's numbers wander."""

from __future__ import annotations

from django.db import connection

from benchmarks.harness import Measurement, benchmark, interleaved


@benchmark("self_test", unit="s", goal=1.5, better="lower", only_by_name=True)
def the_same_query_twice(scale: int) -> Measurement:
    """Count to the scale in the benchmark database, on both sides."""

    def count() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM generate_series(1, %s)", [scale])

    return interleaved(count, count)
