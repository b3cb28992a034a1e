"""How people were told (GDPR Art. 14), and the work list of those who were not."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import path

from communications.screens import information
from contacts.admin.lists import IdsFirstPaginator
from contacts.models import InformationGiven
from register.staff_site import ReadOnlyAdmin


@admin.register(InformationGiven)
class InformationGivenAdmin(ReadOnlyAdmin):
    """How and when people were told, newest first."""

    paginator = IdsFirstPaginator
    list_display = ("given_at", "how", "evidence")
    ordering = ("-given_at", "-id")
    sortable_by = ("given_at",)
    fields = ("how", "evidence", "given_at")

    def get_urls(self) -> list[Any]:
        """Add the work list, the page of one person, and the letters for post."""
        view = self.admin_site.admin_view
        return [
            path(
                "due/",
                view(information.work_list),
                name="contacts_informationgiven_due",
            ),
            path(
                "letters/",
                view(information.letters_for_post),
                name="contacts_informationgiven_letters",
            ),
            path(
                "letters.pdf",
                view(information.pdf),
                name="contacts_informationgiven_pdf",
            ),
            path(
                "<uuid:object_id>/tell/",
                view(information.tell),
                name="contacts_informationgiven_tell",
            ),
            *super().get_urls(),
        ]
