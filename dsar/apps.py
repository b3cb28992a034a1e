from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DsarConfig(AppConfig):
    """The person asks: see the README beside this file."""

    name = "dsar"
    verbose_name = _("Requests")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Make the jobs and the decision of an erasure known to workers and to the inbox."""
        from dsar.services import erasure, verification  # noqa: F401
