"""``manage.py datamap``: what is held, about whom, why and for how long."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from register.activities import ACTIVITIES
from register.datamap.declarations import Ends, Reviewed, WithParent
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import CLAUSES


class Command(BaseCommand):
    """Prints the data map for people, or with ``--json`` for programs."""

    help = "Print the data map: every table, what it means for people, and how it ends."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the options."""
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--all", action="store_true", help="also tables without personal data"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print."""
        map_ = graph()
        if options["json"]:
            document = {"revision": map_.revision, "models": map_.as_json()}
            self.stdout.write(
                json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True)
            )
            return
        self.stdout.write(f"Data map, revision {map_.revision}")
        for entry in map_ if options["all"] else map_.personal():
            self._print(entry)

    def _print(self, entry: Entry) -> None:
        declared = entry.map
        clause = CLAUSES[declared.category]
        self.stdout.write(
            f"\n{entry.label} – {declared.category.label}"
            + (f" ({clause})" if clause else "")
        )
        if not declared.is_personal:
            self.stdout.write("  no personal data")
            return
        activity = ACTIVITIES[declared.activity]
        self.stdout.write(f"  why      {activity.purpose}; {activity.basis.label}")
        self.stdout.write(f"  source   {declared.source}")
        for subject in declared.subjects:
            route = subject.lookup or "–"
            if subject.when:
                route += f" where {subject.when[0]} is {subject.when[1]}"
            self.stdout.write(
                f"  person   {subject.role} ({subject.kind}, by {route}); at erasure {subject.erasure.label}"
            )
        self.stdout.write(f"  ends     {_ending(entry)}")
        for name, personal in declared.personal_fields():
            notes = [str(personal.access.label)]
            if personal.erasure != "delete_row":
                notes.append(str(personal.erasure.label))
            self.stdout.write(
                f"    {name:<22} {personal.meaning} [{'; '.join(map(str, notes))}]"
            )


def _ending(entry: Entry) -> str:
    retention = entry.map.retention
    if isinstance(retention, Ends):
        return (
            f"{retention.period} after {retention.anchor}, at most {retention.lag} late"
        )
    if isinstance(retention, WithParent):
        return f"with its {retention.parent}"
    if isinstance(retention, Reviewed):
        return f"{retention.reason}; looked at again after {retention.period}"
    return "–"
