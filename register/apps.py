from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RegisterConfig(AppConfig):
    """What is held, why, where it went and who touched it: see the README beside this file."""

    name = "register"
    verbose_name = _("Register")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Wire the system checks and let each app fill the overview."""
        from django.core import checks
        from django.utils.module_loading import autodiscover_modules

        from register.datamap.checks import check_data_map
        from register.settings_checks import check_settings

        checks.register(check_data_map, checks.Tags.models)
        checks.register(check_settings)
        autodiscover_modules("dashboard")
