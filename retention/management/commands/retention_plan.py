"""``retention_plan``: what is due, what is held and what ends soon."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from retention.services.plan import EndingTable, Plan, plan

HEAD = ("table", "period", "due", "held", "late", "24 h", "30 d", "90 d", "oldest due")


class Command(BaseCommand):
    """Print the retention plan; nothing is deleted."""

    help = "Print what is due, held and late, and what ends within 24 hours, 30 and 90 days."

    def add_arguments(self, parser: CommandParser) -> None:
        """Offer the form for programs and another moment."""
        parser.add_argument("--json", action="store_true", help="print it as JSON")
        parser.add_argument("--at", help="the plan at this moment (ISO 8601)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the plan."""
        at = None
        if options["at"]:
            at = parse_datetime(options["at"])
            if at is None:
                self.stderr.write("--at is a moment such as 2027-02-28T12:00:00+02:00.")
                raise SystemExit(2)
            if timezone.is_naive(at):
                at = timezone.make_aware(at)
        found = plan(at)
        if options["json"]:
            self.stdout.write(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
        else:
            self.stdout.write(in_words(found))


def in_words(found: Plan) -> str:
    """Return the plan as lines of text."""
    rows = [HEAD, *(_cells(table) for table in found.ending)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = [
        f"Retention plan at {timezone.localtime(found.at):%Y-%m-%d %H:%M:%S %Z}, data map {found.revision}",
        "",
        *(
            "  ".join(
                cell.ljust(w) for cell, w in zip(row, widths, strict=True)
            ).rstrip()
            for row in rows
        ),
        "",
        *(
            f"{table.table}: held for {reason}: {count}"
            for table in found.ending
            for reason, count in table.held_by.items()
        ),
        *(
            f"{table.table}: no fixed end, {table.reason}; older than {table.period} and to be reviewed: {table.to_review}"
            for table in found.reviewed
        ),
        *(f"{part.table}: ends with {part.ends_with}" for part in found.parts),
    ]
    return "\n".join(lines)


def _cells(table: EndingTable) -> tuple[str, ...]:
    oldest = table.oldest_due_at
    return (
        table.table,
        table.period,
        str(table.due),
        str(table.held),
        str(table.over_lag),
        str(table.due_within(1)),
        str(table.due_within(30)),
        str(table.due_within(90)),
        f"{timezone.localtime(oldest):%Y-%m-%d %H:%M}" if oldest else "-",
    )
