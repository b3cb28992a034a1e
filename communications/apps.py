from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommunicationsConfig(AppConfig):
    """What was said: see the README beside this file."""

    name = "communications"
    verbose_name = _("Communications")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Wire what this app shows on the page of a contact."""
        from communications import (
            bulk_follow_ups,
            information_panel,
            lookups,
            timeline,
            work_section,
        )

        bulk_follow_ups.register()
        timeline.register()
        lookups.register()
        work_section.register()
        information_panel.register()
