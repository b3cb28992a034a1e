from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from register import identity_codes


class RegisterConfig(AppConfig):
    """What is held, why, where it went and who touched it: see the README beside this file."""

    name = "register"
    verbose_name = _("Register")
    default_auto_field = "django.db.models.BigAutoField"

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        # Before any form is declared: fields copy their kind's validators.
        identity_codes.guard_forms()

    def ready(self) -> None:
        """Wire the system checks, guard the texts of models, and let each app fill in its own."""
        from django.conf import settings
        from django.core import checks
        from django.utils.module_loading import autodiscover_modules

        from register import logs
        from register.datamap.checks import check_data_map
        from register.monitoring import sources  # noqa: F401 - fills the registry
        from register.settings_checks import check_settings
        from register.setup_checks import files, keys, people, processes, servers  # noqa: F401

        checks.register(check_data_map, checks.Tags.models)
        checks.register(check_settings)
        if settings.LOG_FORMAT == "json":
            logs.install_hooks()
        identity_codes.guard_models()
        self._name_rows_of_others()
        autodiscover_modules("dashboard", "setup_checks", "metrics")
        self._gather_conformance_checks()

    def _name_rows_of_others(self) -> None:
        """Let rows of the log-in be called by their number, not by address and browser."""
        from allauth.account.models import EmailAddress
        from allauth.mfa.models import Authenticator
        from allauth.usersessions.models import UserSession

        for model in (Authenticator, EmailAddress, UserSession):
            model.__str__ = lambda row: f"{type(row).__name__} {row.pk}"

    def _gather_conformance_checks(self) -> None:
        from django.utils.module_loading import autodiscover_modules

        from register.conformance import (  # noqa: F401 - importing registers
            accounts,
            board,
            controller,
            held,
            look_ups,
            overview,
            protection,
            purposes,
            stored_files,
        )

        held.register_checks()
        autodiscover_modules("conformance")
