"""Advisory locks: every one has a name here. Order: advisory, then person, then parts."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable

from django.db import connection


class Lock(enum.IntEnum):
    """Locks that a transaction or a session takes by name."""

    AUDIT_SEAL = 7001
    DATABASE_RULES = 7002
    REQUEST_NUMBER = 7003
    JOB = 7004
    CONTACT_POINT = 7005
    RETENTION_RUN = 7006
    # After CONTACT_POINT, where both are taken.
    BUSINESS_ID = 7007


def advisory_lock(lock: Lock) -> None:
    """Wait for ``lock`` and hold it until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, 0)", [lock])


def advisory_locks(lock: Lock, keys: Iterable[str]) -> None:
    """Wait for ``lock`` on each key, in one order for everybody, until the transaction ends.

    Whoever takes the whole of ``lock`` (:func:`advisory_lock`) waits for all of them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, 0)", [lock])
        for number in sorted({_number(key) for key in keys}):
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [lock, number])


def try_session_lock(lock: Lock, key: str) -> bool:
    """Take ``lock`` for ``key`` until it is released or the connection dies."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [lock, _number(key)])
        return bool(cursor.fetchone()[0])


def release_session_lock(lock: Lock, key: str) -> None:
    """Release what :func:`try_session_lock` took."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [lock, _number(key)])


def _number(key: str) -> int:
    digest = hashlib.sha256(key.encode()).digest()
    return int.from_bytes(digest[:4], "big", signed=True)
