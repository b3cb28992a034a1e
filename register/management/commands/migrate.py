"""``migrate``, followed by the rules that the data map gives the database."""

from __future__ import annotations

from typing import Any

from django.core.management.commands import migrate

from register.database import rules


class Command(migrate.Command):
    """Migrate, then apply the database rules, so that neither is ever forgotten."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run Django's command; apply the rules unless it only planned or checked."""
        rules.refuse_unsuitable_server()
        super().handle(*args, **options)
        partial = options["app_label"] and options["migration_name"]
        if not (options["plan"] or options["check_unapplied"] or partial):
            rules.apply()
