from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ContactsConfig(AppConfig):
    """People and companies: see the README beside this file."""

    name = "contacts"
    verbose_name = _("Contacts")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Wire what this app shows on the page of a contact, and what it derives."""
        from contacts import (
            company_looks,
            export_looks,
            filters_of_companies,
            filters_of_people,
            lookups,
            page_parts,
        )
        from contacts.screens import found
        from contacts.selectors import keys_before_merges
        from contacts.services import search_words
        from contacts.services.bulk import (
            fields as bulk_fields,
            interests as bulk_interests,
            making as bulk_making,  # noqa: F401 - makes its kinds of job known
        )
        from contacts.services.duplicates import whereabouts
        from contacts.services.exports import columns, company_columns, making  # noqa: F401 - makes its kind of job known
        from contacts.services.imports import undeliverable
        from register.datamap.derived import register_rebuild, register_rebuild_without
        from register.datamap.earlier_keys import register_earlier_keys

        register_earlier_keys("merges", keys_before_merges)
        page_parts.register()
        columns.register()
        company_columns.register()
        export_looks.register()
        company_looks.register()
        found.register()
        lookups.register()
        filters_of_people.make_known()
        filters_of_companies.make_known()
        bulk_fields.make_known()
        bulk_interests.make_known()
        undeliverable.register()
        register_rebuild("contacts.Company", search_words.refresh_of_companies)

        def rebuild_people(keys: Collection[Any]) -> None:
            search_words.refresh_with_colleagues(keys)
            whereabouts.forget(keys)

        register_rebuild("contacts.Contact", rebuild_people)
        register_rebuild_without(
            "contacts.Company", search_words.refresh_those_who_stay
        )
