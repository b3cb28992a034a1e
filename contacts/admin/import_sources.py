"""Saved sources of imports: their list, and what of them can be changed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from contacts.forms_import_terms import in_words
from contacts.models import ImportSource
from contacts.services.imports import batches, sources
from contacts.services.imports.targets import TARGETS
from register import actors
from register.identifiers import find_personal_identity_codes
from register.staff_site import RegisterAdmin


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name and the terms of a source."""

    class Meta:
        model = ImportSource
        fields = (
            *("name", "source_kind", "activity", "is_informed", "mode"),
            *("recognised_by", "external_system", "default_relationship"),
            *("default_language", "default_company"),
        )

    def clean_name(self) -> str:
        """Refuse names that tell of a person."""
        name = str(self.cleaned_data["name"])
        if find_personal_identity_codes(name):
            raise forms.ValidationError(
                _("The name holds a personal identity code. Write another name.")
            )
        return name


@admin.register(ImportSource)
class ImportSourceAdmin(RegisterAdmin):
    """A source is saved from an import; here it is looked at, changed and deleted."""

    form = SourceForm
    list_display = ("name", "mode", "purpose", "used_at")
    sortable_by = ("name", "used_at")
    autocomplete_fields = ("default_company",)
    readonly_fields = ("columns", "used_at")
    fieldsets = (
        (None, {"fields": ("name", "columns", "used_at")}),
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

    def delete_model(self, request: HttpRequest, obj: ImportSource) -> None:
        """Delete by the service, which records it."""
        sources.delete(obj, actor=actors.of_request(request))

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """The service has recorded it already."""

    @admin.display(description=_("purpose"), empty_value="–")
    def purpose(self, obj: ImportSource) -> str:
        """The purpose with its legal basis."""
        return in_words(obj.activity)

    @admin.display(description=_("columns"), empty_value="–")
    def columns(self, obj: ImportSource) -> str:
        """What the columns mean, in their order."""
        return ", ".join(
            str(TARGETS[code].label) if code in TARGETS else "–" for code in obj.targets
        )
