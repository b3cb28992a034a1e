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
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
