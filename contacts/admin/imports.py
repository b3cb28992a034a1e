"""The list of imports."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch
from contacts.screens import import_rows, import_upload, imports
from contacts.screens.import_frame import seen_by, url_of
from contacts.services.imports import batches
from register.staff_site import ReadOnlyAdmin


@admin.register(ImportBatch)
class ImportBatchAdmin(ReadOnlyAdmin):
    """Imports are made and read on screens of their own; here is only their list."""

    list_display = ("name", "state", "rows", "who", "created_at", "finished_at")
    list_display_links = None
    # By what an index gives in order.
    sortable_by = ("created_at",)
    list_filter = ("state",)
    list_select_related = ("created_by",)

    def get_queryset(self, request: HttpRequest) -> Any:
        """List those that may be opened."""
        seen = seen_by(request.user)
        return seen.order_by(*self.get_ordering(request))

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those import who may import people and companies."""
        return batches.may_import(request.user)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Go to the screen that takes a file."""
        return redirect("admin:contacts_importbatch_upload")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show where the import stands."""
        return imports.show(request, object_id)

    def get_urls(self) -> list[URLPattern]:
        """Add the screens of an import."""
        view = self.admin_site.admin_view
        return [
            path(
                "upload/",
                view(import_upload.upload),
                name="contacts_importbatch_upload",
            ),
            path(
                "<str:object_id>/errors/",
                view(imports.errors),
                name="contacts_importbatch_errors",
            ),
            path(
                "<str:object_id>/bad-rows/",
                view(imports.download),
                name="contacts_importbatch_bad_rows",
            ),
            path(
                "<str:object_id>/rows/",
                view(import_rows.show),
                name="contacts_importbatch_rows",
            ),
            path(
                "<str:object_id>/difference/",
                view(import_rows.download),
                name="contacts_importbatch_difference",
            ),
            *super().get_urls(),
        ]

    @admin.display(description=_("title"), ordering="title")
    def name(self, obj: ImportBatch) -> str:
        """The title, with the way to the import's page."""
        return format_html(
            '<a class="sel-link" href="{}">{}</a>', url_of(obj), obj.title
        )

    @admin.display(description=_("rows"), empty_value="–", ordering="row_count")
    def rows(self, obj: ImportBatch) -> int | None:
        """How many rows the file has; before they are read it is only a guess."""
        return None if obj.state == ImportBatch.State.UPLOADED else obj.row_count

    @admin.display(description=_("imported by"), empty_value="–")
    def who(self, obj: ImportBatch) -> str | None:
        """Who sent the file."""
        return obj.created_by.get_full_name() if obj.created_by else None
