"""``manage.py audit_verify``: finds changed, missing and inserted audit entries."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from register import audit
from register.models import AuditEntry, AuditSeal


class Command(BaseCommand):
    """Checks the whole chain; ends with status 1 if anything was tampered with."""

    help = "Check the audit trail against its seals and against the file outside the database."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and report."""
        problems = list(audit.verify())
        figures = {
            "entries": AuditEntry.objects.count(),
            "seals": AuditSeal.objects.count(),
            "problems": [{"kind": p.kind, "where": p.where} for p in problems],
        }
        if options["json"]:
            self.stdout.write(json.dumps(figures, indent=2))
        else:
            self.stdout.write(f"{figures['entries']} entries, {figures['seals']} seals")
            for problem in problems:
                self.stdout.write(f"  {problem}")
        if problems and all(problem.is_end_missing for problem in problems):
            raise CommandError(
                f"What there is was not changed, but the trail ends before the seal that {audit.anchor_path()} names."
                " Was an older backup restored? Then go on as docs/operations.md says under Restore."
                " If not, the end of the trail was cut off: keep the database as it is and compare it with a backup."
            )
        if problems:
            raise CommandError(
                f"The audit trail has {len(problems)} problem(s). Keep the database as it is and compare it with a backup."
            )
        if not options["json"]:
            self.stdout.write("Nothing was changed, is missing or was inserted.")
