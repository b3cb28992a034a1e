"""What the web server itself writes: it must not quote what it was sent."""

from __future__ import annotations

import logging

from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from register.logs import WithoutPersonalValues

_UNREADABLE = "Invalid request from"


class WithoutRequest(WithoutPersonalValues):
    """Says that a request could not be read, not what stood in it or who sent it.

    gunicorn quotes the line that it could not read, with what somebody searched for.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always logged."""
        if record.getMessage().startswith(_UNREADABLE):
            record.msg, record.args = "A request could not be read; it was refused.", ()
        return super().filter(record)


class WebLog(Logger):  # type: ignore[misc]
    """gunicorn's log without personal values."""

    def setup(self, cfg: object) -> None:
        """Set the log up as gunicorn does, and filter it."""
        super().setup(cfg)
        if not any(isinstance(each, WithoutRequest) for each in self.error_log.filters):
            self.error_log.addFilter(WithoutRequest())
