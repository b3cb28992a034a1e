"""Questions that may take long or never end, asked so that nobody hangs on them."""

from __future__ import annotations

import contextlib
import copy
import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections

logger = logging.getLogger(__name__)

CONNECT_SECONDS = 2
STATEMENT_SECONDS = 2

T = TypeVar("T")


class _Run(Generic[T]):
    """One time of asking."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self.is_over = threading.Event()
        self.result: T | None = None


class Bounded(Generic[T]):
    """A question whose answer is kept for some seconds and waited for no longer than some.

    It is asked in a thread of its own, at most once at a time: however many ask, one
    finds out, the others wait for its answer. Once that has taken longer than
    ``patience`` seconds nobody waits any more until it is there.
    """

    def __init__(
        self, ask: Callable[[], T], *, fresh: float, patience: float, name: str
    ) -> None:
        self._ask, self._fresh, self._patience = ask, fresh, patience
        self._name = name
        self._lock = threading.Lock()
        self._known: _Run[T] | None = None
        self._known_until = 0.0
        self._run: _Run[T] | None = None

    def answer(self) -> T | None:
        """Return the answer, at most ``fresh`` seconds old; None if there is none in time."""
        with self._lock:
            if self._known is not None and time.monotonic() < self._known_until:
                return self._known.result
            if self._run is None:
                self._run = _Run()
                threading.Thread(
                    target=self._work, args=(self._run,), name=self._name, daemon=True
                ).start()
            run = self._run
        run.is_over.wait(max(0.0, run.started + self._patience - time.monotonic()))
        return run.result

    def forget(self) -> None:
        """Ask anew next time."""
        with self._lock:
            self._known = None

    def _work(self, run: _Run[T]) -> None:
        try:
            run.result = self._ask()
        except Exception:
            logger.exception("a question about the register's state failed")
        finally:
            with self._lock:
                self._known, self._run = run, None
                self._known_until = time.monotonic() + self._fresh
            run.is_over.set()


@contextlib.contextmanager
def own_connection(*, role: str = "") -> Iterator[None]:
    """Let this thread use a connection of its own that gives up soon, then close it.

    For threads that serve no request. Statements run as the owner of the tables, or
    as ``role``.
    """
    usual = connections[DEFAULT_DB_ALIAS]
    wrapper = type(usual)(copy.deepcopy(usual.settings_dict), DEFAULT_DB_ALIAS)
    options = wrapper.settings_dict["OPTIONS"]
    options.pop("assume_role", None)
    if role:
        options["assume_role"] = role
    options["connect_timeout"] = CONNECT_SECONDS
    options["answer_within"] = STATEMENT_SECONDS + 1
    # Also when the other machine vanished without a word.
    options["tcp_user_timeout"] = 1000 * (CONNECT_SECONDS + STATEMENT_SECONDS)
    connections[DEFAULT_DB_ALIAS] = wrapper
    try:
        with wrapper.cursor() as cursor:
            cursor.execute(f"SET statement_timeout = '{STATEMENT_SECONDS}s'")
        yield
    finally:
        wrapper.close()
        connections[DEFAULT_DB_ALIAS] = usual
