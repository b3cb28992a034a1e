"""``manage.py demo_data``: fills an empty register with invented data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from register.conformance import running
from settings import demo_data


class Command(BaseCommand):
    """Fills an empty register; a register with data is left as it is."""

    help = "Fill an empty register with invented data and print how to log in."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument(
            "--fresh", action="store_true", help="empty the register first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the data and the log-in note."""
        if not getattr(settings, "IS_DEMO", False):
            raise CommandError(
                "This is not a demo installation (settings.demo), so no invented data goes into it."
            )
        path = Path(settings.STATE_DIR) / "demo-logins.txt"
        if options["fresh"]:
            demo_data.wipe()
        note = demo_data.make()
        if note is None:
            self.stdout.write(
                "The register has data already; it is kept (FRESH=1 starts over)."
            )
            return
        demo_data.write_logins(path, note)
        # Beat asks within ten minutes; whoever opens the board at once sees it filled.
        running.run_if_due()
        self.stdout.write("Invented data: done.")
