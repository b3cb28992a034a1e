"""The clock of the database, which decides what has ended."""

from __future__ import annotations

from datetime import datetime

from django.db import connection


def database_now() -> datetime:
    """Return the clock that decides what is visible, so that both ends agree."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT seloste_now()")
        now: datetime = cursor.fetchone()[0]
    return now
