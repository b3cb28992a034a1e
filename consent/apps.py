from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsentConfig(AppConfig):
    """May a person be contacted: see the README beside this file."""

    name = "consent"
    verbose_name = _("Consent")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Fill the registries of the app below."""
        from consent import (  # noqa: F401 - importing registers
            export_columns,
            import_blockers,
            import_targets,
            marks,
            merging,
            panel,
        )

        marks.register()
        merging.register()
