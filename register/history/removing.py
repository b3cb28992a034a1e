"""Removing rows for good: of what is erased or has ended, no version is kept."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from django.db import connection

SETTING = "seloste.history"
REMOVING = "removing"


@contextlib.contextmanager
def removing() -> Iterator[None]:
    """Let nothing inside be recorded as an earlier version, and versions be deleted.

    For erasure, retention and the rules of the database, inside a transaction. It has
    no effect for the application role, which can neither switch the recording off nor
    delete versions.
    """
    before = _set(REMOVING)
    yield
    # Not in a finally: after an error the transaction itself puts the setting back.
    _set(before)


def _set(value: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, true)",
            [SETTING, SETTING, value],
        )
        return cursor.fetchone()[0] or ""
