"""The list of exports: one's own, and everybody's for those who watch over them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext, gettext_lazy as _

from contacts.models import Export
from contacts.screens import exports
from contacts.services.exports import contents
from register.staff_site import ReadOnlyAdmin


@admin.register(Export)
class ExportAdmin(ReadOnlyAdmin):
    """Exports are ordered from lists and read on a page of their own."""

    list_display = (
        "name",
        "content",
        "state",
        "row_count",
        "who",
        "created_at",
        "file",
    )
    list_display_links = None
    empty_text = _(
        "People and companies are exported from their lists: filter one, then order the export above it."
    )
    # By what an index gives in order.
    sortable_by = ("created_at",)
    list_filter = ("state",)
    list_select_related = ("created_by", "made")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show everybody who may export their own, and all to those who see exports."""
        return contents.may_export(request.user) or exports.sees_all(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As the list."""
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Export]:
        """Return those."""
        if exports.sees_all(request.user):
            rows: QuerySet[Export] = super().get_queryset(request)
            return rows
        # One's own are seen without the right to see exports.
        ordered: QuerySet[Export] = Export.objects.order_by(*self.get_ordering(request))
        return ordered.filter(created_by=request.user.pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the manifest."""
        return exports.show(request, object_id, self)

    def get_urls(self) -> list[URLPattern]:
        """Add the file, and what can be done with an export."""

        def step(route: str, view: Any, name: str) -> URLPattern:
            bound = self.admin_site.admin_view(partial(view, model_admin=self))
            url: URLPattern = path(f"<uuid:object_id>/{route}/", bound, name=name)
            return url

        return [
            step("download", exports.download, "contacts_export_download"),
            step("steps", exports.change, "contacts_export_steps"),
            *super().get_urls(),
        ]

    @admin.display(description=_("what it is for"))
    def name(self, obj: Export) -> str:
        """The reason, with the way to the manifest."""
        url = reverse("admin:contacts_export_change", args=[obj.pk])
        return format_html('<a class="sel-link" href="{}">{}</a>', url, obj.reason)

    @admin.display(description=_("file"), empty_value="–")
    def file(self, obj: Export) -> str | None:
        """Until when the file is kept, or that copies may still be about."""
        if obj.copies_deleted_at:
            return gettext("all copies deleted")
        made = getattr(obj, "made", None)
        if made is not None and made.file and obj.file_removed_at is None:
            at = formats.date_format(
                timezone.localtime(made.ends_at), "SHORT_DATE_FORMAT"
            )
            return gettext("until %(day)s") % {"day": at}
        if obj.file_removed_at:
            return gettext("deleted here, copies not confirmed")
        return None

    @admin.display(description=_("ordered by"), empty_value="–")
    def who(self, obj: Export) -> str | None:
        """Who ordered it."""
        return obj.created_by.get_full_name() if obj.created_by else None
