"""Starts the embedded servers for a process, where the environment names no others."""

from __future__ import annotations

import os

from settings import embedded


def ensure() -> None:
    """Make sure the servers this process needs are running.

    Raises :class:`settings.embedded.EmbeddedServicesError`, whose text is one
    sentence for the operator.
    """
    if os.environ.get("DJANGO_SETTINGS_MODULE") == "settings.production":
        return  # a missing address is named by a system check there
    if not (os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")):
        embedded.ensure()
