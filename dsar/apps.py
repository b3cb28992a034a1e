from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DsarConfig(AppConfig):
    """The person asks: see the README beside this file."""

    name = "dsar"
    verbose_name = _("Requests")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make known the jobs, the decisions of a second person, and what other pages show."""
        from dsar import panel
        from dsar.screens import merging, of_import
        from dsar.services import erasure, package, verification  # noqa: F401

        merging.register()
        panel.register()
        of_import.register_links()
