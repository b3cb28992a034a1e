from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RetentionConfig(AppConfig):
    """How long, and how it ends: see the README beside this file."""

    name = "retention"
    verbose_name = _("Retention")
    default_auto_field = "django.db.models.BigAutoField"
