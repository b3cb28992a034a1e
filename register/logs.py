"""Log lines carry numbers and codes, never values of people.

A line is its constant text, with those of its arguments that cannot name anybody. What
else was to be said is left out, whoever says it: our own code, Django, Celery, gunicorn.
That a text is constant is seen by looking for it where it was written.
"""

from __future__ import annotations

import datetime
import functools
import http
import logging
import re
import sys
import threading
import traceback
import uuid
import warnings
from collections.abc import Callable, Container, Mapping, MutableMapping
from pathlib import Path
from types import TracebackType
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

OURS = {
    "register",
    "contacts",
    "consent",
    "communications",
    "retention",
    "dsar",
    "settings",
}
# What our own code may say beside the text: numbers, and codes of closed lists.
EXTRAS = (
    *("job", "kind", "rows", "run", "order", "task", "task_id"),
    *("route", "method", "status", "ms", "database_ms", "failing"),
)
LEFT_OUT = "…"
UNREADABLE = "A request could not be read; it was refused."
# Texts whose arguments come from the configuration, not from anybody's request.
_SAFE = {
    UNREADABLE,
    "Starting gunicorn %s",
    "Listening at: %s (%s)",
    "Using worker: %s",
    "Handling signal: %s",
}

# An address in a constant text can only be an accident; it is made unreadable.
_EMAIL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+\.[^\s@<>\"']+")
# Query strings may hold what somebody searched for.
_QUERY = re.compile(r"\?[^\s\"']*")
_PHONE = re.compile(r"(?<![\w-])\+?\d[\d \-()]{7,}\d(?![\w-])")
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,120}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}")
_SIGNAL = re.compile(r"SIG[A-Z]{3,6}")
_NUMBERS = (int, float, uuid.UUID, datetime.datetime, datetime.timedelta)

_PHRASES = {
    *(status.phrase for status in http.HTTPStatus),
    # How Celery says that a task ended.
    *("raised unexpected", "raised expected", "rejected", "ignored", "retry"),
    "INTERNAL ERROR",
}
_codes: list[Callable[[], Container[str]]] = [lambda: _PHRASES]


def allow_codes(codes: Callable[[], Container[str]]) -> None:
    """Let these words stand in log lines of others: names of tasks and the like."""
    _codes.append(codes)


class WithoutPersonalValues(logging.Filter):
    """Leaves of a log record its constant text, numbers, codes, and where an error arose."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always logged."""
        if getattr(record, "is_clean", False):
            return True
        record.is_clean = True
        record.msg, record.args = _text_of(record), ()
        if record.exc_info and record.exc_info[1] is not None:
            record.__dict__.update(_where(record.exc_info[1]))
        record.exc_info = record.exc_text = record.stack_info = None
        return True


def scrub(text: str) -> str:
    """Replace what may identify a person by a mark."""
    text = _EMAIL.sub("[address]", text)
    text = _QUERY.sub("?…", text)
    return _PHONE.sub("[number]", text)


def formatter(form: str = "plain") -> logging.Formatter:
    """Return a formatter: one line for each event, as ``json`` or ``plain`` for people."""
    last: Any = structlog.processors.KeyValueRenderer(
        key_order=["level", "event"], drop_missing=True
    )
    first: list[Any] = []
    if form == "json":
        last, first = structlog.processors.JSONRenderer(ensure_ascii=False), [_stamp]
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            *first,
            structlog.stdlib.add_log_level,
            structlog.contextvars.merge_contextvars,
            _add_extras,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            last,
        ]
    )


def bind_request(request: Any) -> None:
    """Put the request's number on every line that this thread logs, until its next one.

    Not only while it is served: Django logs refusals when all middleware is done.
    """
    clear_contextvars()
    bind_contextvars(request_id=str(request.request_id))


def install_hooks() -> None:
    """Let what Python itself would print go through the log: it quotes values too."""
    sys.excepthook = _log_uncaught
    sys.unraisablehook = lambda found: _log_error(found.exc_value)
    threading.excepthook = lambda found: _log_error(found.exc_value)
    warnings.showwarning = _log_warning


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        _log_error(error)


def _log_error(error: BaseException | None) -> None:
    if error is not None and not isinstance(error, SystemExit):
        _hooks.critical("An error was caught by nobody.", exc_info=error)


def _log_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: object = None,
    line: str | None = None,
) -> None:
    found = {"error": category.__name__, "trace": [f"{filename}:{lineno}"]}
    _hooks.warning("Python warns.", extra=found)


def _text_of(record: logging.LogRecord) -> str:
    if record.msg in _SAFE:
        return record.getMessage()
    return scrub(_constant_text(record))


def _constant_text(record: logging.LogRecord) -> str:
    template = record.msg
    if isinstance(template, BaseException):
        return type(template).__name__
    if not isinstance(template, str):
        return LEFT_OUT
    if not record.args:
        if _is_written_in(record.pathname, template):
            return template
        return f"{LEFT_OUT} ({record.name}, line {record.lineno})"
    args: Any = record.args
    try:
        if isinstance(args, Mapping):
            return template % {name: _safe(value) for name, value in args.items()}
        return template % tuple(_safe(value) for value in args)
    except (TypeError, ValueError):  # "%d" for what is left out
        return template


def _safe(value: Any) -> Any:
    """Return an argument if it can name nobody."""
    if value is None or isinstance(value, _NUMBERS):
        return value
    if isinstance(value, BaseException):
        return type(value).__name__
    if isinstance(value, str) and (
        any(value in codes() for codes in _codes)
        or _UUID.fullmatch(value)
        or _SIGNAL.fullmatch(value)
    ):
        return value
    return LEFT_OUT


def _is_written_in(file: str, text: str) -> bool:
    """Whether a text stands in the source as it is, so that nothing was put into it."""
    escaped = text.encode("unicode_escape").decode()
    return any(form in _source(file) for form in (text, escaped))


@functools.lru_cache(maxsize=256)
def _source(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _where(error: BaseException) -> dict[str, Any]:
    """Return the class of an error and the way to it, without its text.

    Database errors quote the values they refuse ("Key (email)=(…) already exists").
    """
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    found: dict[str, Any] = {
        "error": type(error).__name__,
        "trace": [f"{f.filename}:{f.lineno} in {f.name}" for f in reversed(frames)],
    }
    cause = error.__cause__ or error.__context__
    if cause is not None:
        found["cause"] = type(cause).__name__
    return found


def _stamp(logger: Any, name: str, event: MutableMapping[str, Any]) -> Any:
    record: logging.LogRecord = event["_record"]
    at = datetime.datetime.fromtimestamp(record.created, tz=datetime.UTC)
    event["at"] = at.isoformat(timespec="milliseconds")
    event["logger"], event["pid"] = record.name, record.process
    return event


def _add_extras(logger: Any, name: str, event: MutableMapping[str, Any]) -> Any:
    record: logging.LogRecord = event["_record"]
    found = record.__dict__
    if record.name.startswith("gunicorn"):
        # It speaks between requests: the number would be that of the one before.
        event.pop("request_id", None)
    for key in ("error", "cause", "trace"):
        if key in found:
            event[key] = found[key]
    if record.name.partition(".")[0] in OURS:
        for key in EXTRAS:
            value = found.get(key)
            if isinstance(value, int | float) or (
                isinstance(value, str) and _CODE.fullmatch(value)
            ):
                event[key] = value
    return event


_hooks = logging.getLogger("register.hooks")
