"""Log lines carry numbers and codes, never values of people."""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import Iterator
from typing import Any

import structlog
from structlog.contextvars import bound_contextvars

# An address in a message can only be an accident; it is made unreadable.
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
# Query strings may hold what somebody searched for.
_QUERY = re.compile(r"\?[^\s\"']*")
_PHONE = re.compile(r"(?<![\w-])\+?\d[\d \-()]{7,}\d(?![\w-])")


class WithoutPersonalValues(logging.Filter):
    """Takes addresses, numbers, query strings and error texts out of log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always logged."""
        record.msg = scrub(record.getMessage())
        record.args = ()
        if record.exc_info and record.exc_info[1] is not None:
            record.msg = f"{record.msg} · {_without_text(record)}"
            record.exc_info = record.exc_text = None
        return True


def scrub(text: str) -> str:
    """Replace what may identify a person by a mark."""
    text = _EMAIL.sub("[address]", text)
    text = _QUERY.sub("?…", text)
    return _PHONE.sub("[number]", text)


def formatter() -> logging.Formatter:
    """Return a formatter that writes one line of key=value pairs."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.ExtraAdder(allow={"job", "kind", "rows", "run"}),
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.KeyValueRenderer(
                key_order=["level", "event"], drop_missing=True
            ),
        ]
    )


@contextlib.contextmanager
def bind_request(request: Any) -> Iterator[None]:
    """Put the request's number on every line logged while it is served."""
    with bound_contextvars(request_id=str(request.request_id)):
        yield


def _without_text(record: logging.LogRecord) -> str:
    """Return the traceback with the error's class but not its text.

    Database errors quote the values they refuse ("Key (email)=(…) already exists").
    """
    import traceback

    exc_type, _, tb = record.exc_info  # type: ignore[misc]
    lines = [
        f"{frame.filename}:{frame.lineno} in {frame.name}"
        for frame in traceback.extract_tb(tb)
    ]
    name = exc_type.__name__ if exc_type else "error"
    return " ← ".join([name, *reversed(lines[-8:])])
