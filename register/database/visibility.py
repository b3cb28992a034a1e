"""Seeing what row security hides, always said aloud in the code.

What is held past its due instant is seen by the DPO alone; where a protected person is,
by readers who were named, one person at a time; how much is due and not
yet deleted must be countable, or nobody could see that it is late.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from uuid import UUID

from django.conf import settings
from django.db import connection

from register.database.rules import SEES_HELD
from register.database.scopes import EVERYTHING, SETTING
from register.database.whereabouts import EVERYBODY, SEES


@contextlib.contextmanager
def with_held_rows() -> Iterator[None]:
    """Let the queries inside see held rows although they are due."""
    _set(SEES_HELD, "on")
    try:
        yield
    finally:
        _set(SEES_HELD, "off")


@contextlib.contextmanager
def with_whereabouts(*subject_ids: UUID) -> Iterator[None]:
    """Let the queries inside see where these protected persons are.

    For a reader whose look was recorded (:func:`register.services.protections.reveal`).
    """
    _set(SEES, ",".join(map(str, subject_ids)))
    try:
        yield
    finally:
        _set(SEES, "")


@contextlib.contextmanager
def choosing_rows() -> Iterator[None]:
    """Let the queries inside find the rows of protected persons too, and of others' people.

    Only keys and numbers may come of them, never what stands in a row: what a request
    is about must be complete, whoever works on it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, false),"
            " current_setting(%s, true), set_config(%s, %s, false)",
            [SEES, SEES, EVERYBODY, SETTING, SETTING, EVERYTHING],
        )
        row = cursor.fetchone()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config(%s, %s, false), set_config(%s, %s, false)",
                [SEES, row[0] or "", SETTING, row[2] or ""],
            )


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


@contextlib.contextmanager
def as_the_web() -> Iterator[None]:
    """Run the queries inside as the screens and the API do: in the application role.

    To find out what they would show to somebody who may see all people. Call it inside
    a transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('role'), current_setting(%s, true), set_config(%s, %s, false)",
            [SETTING, SETTING, EVERYTHING],
        )
        role, scopes, _ = cursor.fetchone()
        cursor.execute(f"SET ROLE {settings.APPLICATION_ROLE}")
    yield
    # Not in a finally: after an error the transaction itself puts both back.
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {connection.ops.quote_name(role)}")
        cursor.execute("SELECT set_config(%s, %s, false)", [SETTING, scopes or ""])


@contextlib.contextmanager
def reaching_everybody() -> Iterator[None]:
    """Let the queries inside reach the rows of all people, whoever asks.

    For what must be complete to be right, and shows no row to its reader.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting(%s, true), set_config(%s, %s, false)",
            [SETTING, SETTING, EVERYTHING],
        )
        before = cursor.fetchone()[0] or ""
    try:
        yield
    finally:
        _set(SETTING, before)


def set_scopes(scopes: str, *, sees_held: bool = False) -> None:
    """Say what the session reaches from now on (:mod:`register.access.scopes`)."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config(%s, %s, false), set_config(%s, %s, false)",
            [SETTING, scopes, SEES_HELD, "on" if sees_held else "off"],
        )


def _set(name: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [name, value])
