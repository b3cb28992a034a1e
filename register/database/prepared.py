"""Statements that a connection keeps prepared.

For long statements over few rows, whose planning takes longer than their running: the
server plans them anew only while that is cheaper than one plan for all.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from django.db import connection

_names: WeakKeyDictionary[Any, dict[str, str]] = WeakKeyDictionary()


def prepared(sql: str, kind: str) -> str:
    """Return the name under which the connection has ``sql`` prepared, for ``EXECUTE``.

    ``sql`` has one parameter, ``$1``, of the SQL type ``kind``. What is prepared stays
    when a transaction is rolled back, and goes with the connection.
    """
    connection.ensure_connection()
    names = _names.setdefault(connection.connection, {})
    if sql not in names:
        name = f"seloste_{len(names)}"
        with connection.cursor() as cursor:
            cursor.execute(f"PREPARE {name} ({kind}) AS {sql}")
        names[sql] = name
    return names[sql]
