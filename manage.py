#!/usr/bin/env python3
"""Command line of the register."""

from __future__ import annotations

import os
import sys

# These need no database, so they start no server.
WITHOUT_SERVERS = {
    *("help", "version", "--help", "--version"),
    *("collectstatic", "serve", "database_roles"),
}


def main() -> None:
    """Start the servers a command needs, then run it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "runserver":
        os.environ.setdefault("SELOSTE_PROCESS", "web")
    from django.core.management import execute_from_command_line

    from settings import embedded, services

    if command not in WITHOUT_SERVERS:
        try:
            services.ensure()
        except embedded.EmbeddedServicesError as error:
            sys.exit(f"Seloste: {error}")
    try:
        execute_from_command_line(sys.argv)
    except Exception as error:
        reason = "" if "--traceback" in sys.argv else _what_is_away(error)
        if not reason:
            raise
        sys.exit(f"Seloste: {reason}")


def _what_is_away(error: Exception) -> str:
    """Return which server does not answer, in a sentence; empty if something else is wrong.

    Servers say at their door which address, database or role it was, and no more.
    """
    from register.trouble import BROKER_AWAY, DATABASE_AWAY, trouble_of

    servers = {
        DATABASE_AWAY: "The database does not answer; see DATABASE_URL",
        BROKER_AWAY: "Redis does not answer; see REDIS_URL",
    }
    trouble = trouble_of(error)
    if trouble not in servers:
        return ""
    lines = str(error).strip().splitlines()
    return f"{servers[trouble]} ({lines[0] if lines else type(error).__name__})."


if __name__ == "__main__":
    main()
