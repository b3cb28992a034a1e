"""Saved sources of imports: their list, and what of them can be changed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from contacts.forms_import_sources import SourceForm
from contacts.forms_import_terms import in_words
from contacts.models import ImportSource
from contacts.services.imports import batches, sources
from register import actors
from register.staff_site import RegisterAdmin


@admin.register(ImportSource)
class ImportSourceAdmin(RegisterAdmin):
    """A source is saved from an import; here it is looked at, changed and deleted."""

    form = SourceForm
    list_display = ("name", "mode", "purpose", "used_at")
    sortable_by = ("name", "used_at")
    autocomplete_fields = ("default_company",)
    readonly_fields = ("used_at",)
    fieldsets = (
        (None, {"fields": ("name", "used_at")}),
        (_("What the columns mean"), {"fields": ("columns",)}),
        (
            _("Where the data comes from and why"),
            {"fields": ("source_kind", "activity", "is_informed")},
        ),
        (
            _("Whom a file may add or change"),
            {"fields": ("mode", "recognised_by", "external_system")},
        ),
        (
            _("Where a file says nothing"),
            {"fields": ("default_relationship", "default_language", "default_company")},
        ),
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a source is saved from an import, whose columns it keeps."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those change settings who may import by them."""
        return batches.may_import(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those delete settings who may import by them."""
        return batches.may_import(request.user)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Tell the form whose rights count."""
        form = super().get_form(request, *args, **kwargs)
        return type(form.__name__, (form,), {"user": request.user})

    def delete_model(self, request: HttpRequest, obj: ImportSource) -> None:
        """Delete by the service, which records it."""
        sources.delete(obj, actor=actors.of_request(request))

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """The service has recorded it already."""

    @admin.display(description=_("purpose"), empty_value="–")
    def purpose(self, obj: ImportSource) -> str:
        """The purpose with its legal basis."""
        return in_words(obj.activity)
