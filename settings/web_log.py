"""What the web server itself writes: it must not quote what it was sent."""

from __future__ import annotations

import logging
import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")
# The log reads the settings before settings.wsgi is loaded, and the web takes the
# application role by what they see here.
os.environ.setdefault("SELOSTE_PROCESS", "web")

from django.conf import settings
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from register.logs import UNREADABLE, WithoutPersonalValues, formatter

_COULD_NOT_READ = "Invalid request from"


class WithoutRequest(WithoutPersonalValues):
    """Says that a request could not be read, not what stood in it or who sent it.

    gunicorn quotes the line that it could not read, with what somebody searched for.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrite the record; it is always logged."""
        if str(record.msg).startswith(_COULD_NOT_READ):
            record.msg, record.args = UNREADABLE, ()
        return super().filter(record)


class WebLog(Logger):  # type: ignore[misc]
    """gunicorn's log without personal values."""

    def setup(self, cfg: object) -> None:
        """Set the log up as gunicorn does, filter it, and give it our form."""
        super().setup(cfg)
        if not any(isinstance(each, WithoutRequest) for each in self.error_log.filters):
            self.error_log.addFilter(WithoutRequest())
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter(settings.LOG_FORMAT))

    def access(self, *_request: object) -> None:
        """Write nothing: addresses and clients name people. We log requests ourselves."""
