"""``manage.py conformance``: every clause of the notice, checked now."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from register.conformance.clauses import CLAUSES
from register.conformance.registry import Status
from register.conformance.running import Clause, Report, report


class Command(BaseCommand):
    """Asks every live check and prints the board; nothing is kept."""

    help = "Check every clause of the privacy notice now and print how it stands."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--fail-on-broken",
            action="store_true",
            help="end with status 1 if a clause is broken",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Check and report."""
        found = report()
        # Programs and operators read the same words everywhere.
        with translation.override("en"):
            words = (
                json.dumps(found.as_json(), indent=2, ensure_ascii=False)
                if options["json"]
                else in_words(found)
            )
        self.stdout.write(words)
        broken = [c.id for c in found.clauses if c.status == Status.BROKEN]
        if broken and options["fail_on_broken"]:
            raise CommandError(f"Broken: {', '.join(broken)}")


def in_words(found: Report) -> str:
    """Return the board as lines of text."""
    counts = ", ".join(f"{s.value}: {found.count(s)}" for s in Status)
    return "\n".join(
        [
            f"{timezone.localtime(found.checked_at):%Y-%m-%d %H:%M:%S %Z}, data map {found.revision}",
            counts,
            "",
            *(line for clause in found.clauses for line in _lines(clause)),
        ]
    )


def _lines(clause: Clause) -> list[str]:
    head = f"{clause.id:<6} {clause.status:<18} {CLAUSES[clause.id]}"
    lines = []
    for part in clause.parts:
        facts = "; ".join(
            f"{name}={_brief(fact)}" for name, fact in part.facts.items() if fact
        )
        lines.append(f"         {part.status:<18} {part.code}  {facts}".rstrip())
    return [head, *lines]


def _brief(fact: Any) -> str:
    match fact:
        case list():
            return ",".join(str(each) for each in fact)
        case dict():
            return ",".join(f"{key}:{each}" for key, each in fact.items())
    return str(fact)
