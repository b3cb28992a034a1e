"""Seeing what row security hides, always said aloud in the code.

What is held past its due instant is seen by the DPO alone; how much is due and not
yet deleted must be countable, or nobody could see that it is late.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import connection

from register.database.rules import SEES_HELD


@contextlib.contextmanager
def with_held_rows() -> Iterator[None]:
    """Let the queries inside see held rows although they are due."""
    _set("on")
    try:
        yield
    finally:
        _set("off")


@contextlib.contextmanager
def counting_everything() -> Iterator[None]:
    """Let the queries inside count rows that no longer exist for anybody.

    They run as the owner of the tables. Only numbers and times may come of them,
    never what stands in a row; who may see those is for the caller to ask first.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('role')")
        role = cursor.fetchone()[0]
        cursor.execute("SET ROLE NONE")
    try:
        yield
    finally:
        # A rolled back transaction that took the role has given it back already.
        with connection.cursor() as cursor:
            cursor.execute(f"SET ROLE {connection.ops.quote_name(role)}")


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [SEES_HELD, value])
