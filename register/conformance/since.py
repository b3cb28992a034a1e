"""How long the register has been there: what runs hourly need not have run at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from register.conformance.registry import Board

GRACE = timedelta(hours=1)


def is_new(board: Board, *, within: timedelta = GRACE) -> bool:
    """Whether the database was made within the last hour, or another time."""
    made = board.once(_made_at)
    return made is not None and made > board.at - within


def _made_at() -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT min(applied) FROM django_migrations")
        made: datetime | None = cursor.fetchone()[0]
    return made
