from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CommunicationsConfig(AppConfig):
    """What was said: see the README beside this file."""

    name = "communications"
    verbose_name = _("Communications")
    default_auto_field = "django.db.models.BigAutoField"
