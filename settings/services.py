"""Starts the embedded servers for a process, where the environment names no others."""

from __future__ import annotations

import os

from settings import embedded, environment


def ensure() -> None:
    """Make sure the servers this process needs are running.

    Raises :class:`settings.embedded.EmbeddedServicesError`, whose text is one
    sentence for the operator.
    """
    if are_embedded():
        embedded.ensure()


def are_embedded() -> bool:
    """Whether this installation lives on the embedded servers, or on one of them."""
    if os.environ.get("DJANGO_SETTINGS_MODULE") == "settings.production":
        return False  # a missing address is named by a system check there
    return not all(map(environment.is_set, ("DATABASE_URL", "REDIS_URL")))
