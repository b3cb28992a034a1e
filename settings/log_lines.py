"""How every process logs."""

from __future__ import annotations

from typing import Any


def configuration(form: str, level: str, *, requests: bool) -> dict[str, Any]:
    """Return the configuration: lines as ``json`` or ``plain`` on standard error.

    ``requests`` says whether each request writes a line: its route, never its address.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"no_values": {"()": "register.logs.WithoutPersonalValues"}},
        "formatters": {"line": {"()": "register.logs.formatter", "form": form}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["no_values"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            # Not its own handler, which mails whole requests to administrators.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.server": {
                "handlers": ["console"],
                "level": "WARNING",
                "propagate": False,
            },
            # It quotes whatever a stranger wrote as the name of the host.
            "django.security.DisallowedHost": {"level": "CRITICAL"},
            "register.requests": {"level": "INFO" if requests else "WARNING"},
        },
    }
