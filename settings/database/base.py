"""The database backend. Django looks for it under this name.

A server that hangs, or a network that swallows packets without a word, would keep a
request waiting for ever: PostgreSQL's own limits are kept by the server that hangs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from django.db.backends.postgresql import base
from psycopg.abc import PQGen

CHECK_SECONDS = 3.0  # "SELECT 1" before a kept connection is used again

Result = TypeVar("Result")


class ImpatientConnection(psycopg.Connection[Any]):
    """A connection that is given up when one answer takes longer than its limit."""

    limit: float | None = None  # seconds; None waits for ever

    def wait(
        self, gen: PQGen[Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        """Wait for one answer. Raises OperationalError after the limit."""
        try:
            return super().wait(
                gen, interval, self.limit if timeout is None else timeout
            )
        except psycopg.errors._WaitTimeout as error:
            if timeout is not None:
                raise
            # Nobody knows what the server is doing: the connection is of no more use.
            self.pgconn.finish()
            raise psycopg.OperationalError(
                f"The database did not answer within {self.limit:g} seconds."
            ) from error


class _Driver:
    """psycopg, making such connections."""

    connect = ImpatientConnection.connect

    def __getattr__(self, name: str) -> Any:
        return getattr(psycopg, name)


class DatabaseWrapper(base.DatabaseWrapper):
    """Knows the option ``answer_within``: seconds that one answer may take."""

    Database = _Driver()  # type: ignore[assignment]

    def get_connection_params(self) -> dict[str, Any]:
        """Return what the driver understands."""
        params: dict[str, Any] = super().get_connection_params()
        params.pop("answer_within", None)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> ImpatientConnection:
        """Connect; ``connect_timeout`` limits that."""
        connection: ImpatientConnection = super().get_new_connection(conn_params)
        connection.limit = self.settings_dict["OPTIONS"].get("answer_within")
        return connection

    def is_usable(self) -> bool:
        """Whether the connection answers, and soon."""
        if self.connection is None:
            return False
        with _limit(self.connection, CHECK_SECONDS):
            return super().is_usable()


@contextmanager
def _limit(connection: ImpatientConnection, seconds: float) -> Iterator[None]:
    before = connection.limit
    connection.limit = seconds if before is None else min(before, seconds)
    try:
        yield
    finally:
        connection.limit = before
