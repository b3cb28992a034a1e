"""Seeing what is held past its due instant: the DPO alone, and said aloud in the code."""

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


def _set(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [SEES_HELD, value])
