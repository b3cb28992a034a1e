from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    """People and companies: see the README beside this file."""

    name = "contacts"
    verbose_name = _("Contacts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Wire what this app itself shows on the page of a contact."""
        from contacts import page_parts

        page_parts.register()
