"""Revisions of the privacy notice: added by the data protection officer."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelect2MultipleWidget, UnfoldAdminURLInputWidget

from register.datamap.vocabulary import CLAUSES, Category
from register.models import NoticeRevision
from register.staff_site import RegisterAdmin

# What a notice speaks of: data about customers, not about the register's own running.
_NAMED = [
    (category.value, category.label)
    for category in Category
    if (CLAUSES[category] or "").startswith("N4.")
]


class NoticeRevisionForm(forms.ModelForm[NoticeRevision]):
    """A revision and the categories it names."""

    url = forms.URLField(
        label=_("where it can be read"),
        required=False,
        max_length=300,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
    )
    categories = forms.MultipleChoiceField(
        label=_("categories of data it names"),
        choices=_NAMED,
        required=False,
        widget=UnfoldAdminSelect2MultipleWidget,
    )

    class Meta:
        model = NoticeRevision
        fields = ("revised_on", "valid_from", "url", "summary", "categories")


@admin.register(NoticeRevision)
class NoticeRevisionAdmin(RegisterAdmin):
    """A change of the notice is a new revision: records name the one they came under."""

    form = NoticeRevisionForm
    list_display = ("revised_on", "valid_from", "url")
    ordering = ("-valid_from",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: records name the revision."""
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: NoticeRevision | None = None
    ) -> tuple[str, ...]:
        """Keep the dates: people were told by them."""
        return ("revised_on", "valid_from") if obj else ()
