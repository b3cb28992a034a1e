"""The list of prohibitions. No address can be seen here, or anywhere: only hashes are kept."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from consent.models import Prohibition
from contacts.models import Contact
from register import access
from register.screens.rows import numbers_of_people
from register.staff_site import ReadOnlyAdmin


@admin.register(Prohibition)
class ProhibitionAdmin(ReadOnlyAdmin):
    """Who refuses what. A prohibition is recorded by services and never edited."""

    list_display = ("what", "person", "method", "created_at")
    # By what an index gives in order; the others have filters.
    sortable_by = ("created_at",)
    list_filter = ("channel", "purpose", "method")
    ordering = ("-created_at", "id")
    fields = ("channel", "purpose", "method", "created_at", "person", "hash_key_id")
    readonly_fields = ("person",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prohibition]:
        """Read with each row whether its person is still in the register."""
        people = Contact.objects.filter(pk=OuterRef("subject_id"))
        rows: QuerySet[Prohibition] = super().get_queryset(request)
        return rows.annotate(is_known=Exists(people))

    @admin.display(description=_("what is refused"))
    def what(self, obj: Prohibition) -> str:
        """The purpose and the channel, in words."""
        return f"{obj.get_purpose_display()}, {obj.get_channel_display()}"

    @admin.display(description=_("person"))
    def person(self, obj: Prohibition) -> Any:
        """The way to the person; what was refused outlives who is erased."""
        if obj.subject_id is None:
            return _("not in the register")
        if not obj.is_known:  # type: ignore[attr-defined]
            # Who is beyond reach is not gone, and is called by a number alone.
            beyond = access.is_limited_now(Contact)
            numbers = numbers_of_people([obj.subject_id]) if beyond else {}
            return numbers.get(obj.subject_id) or _("no longer in the register")
        url = reverse("admin:contacts_contact_page", args=[obj.subject_id])
        return format_html('<a class="sel-link" href="{}">{}</a>', url, _("Open"))
