"""The vocabularies: duties, services and topics. Staff add to them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext, gettext_lazy as _

from contacts.models import Duty, Service, Topic
from contacts.models.vocabularies import Word
from register.screens.standard_texts import StandardTexts
from register.staff_site import RegisterAdmin


class WordForm(StandardTexts, forms.ModelForm):  # type: ignore[type-arg]
    """A word; those of the first start are shown in the reader's language."""

    standard_texts = ("name",)


class WordAdmin(RegisterAdmin):
    """Words are not deleted: what is no longer offered stays readable where it stands."""

    form = WordForm
    list_display = ("in_words", "code", "is_offered")
    list_filter = ("is_offered",)
    search_fields = ("name", "code")
    fields = ("name", "code", "is_offered")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: records name the word."""
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: Word | None = None
    ) -> tuple[str, ...]:
        """Keep the code: imports and other systems know it."""
        return ("code",) if obj else ()

    @admin.display(description=_("name"), ordering="name")
    def in_words(self, obj: Word) -> str:
        """The name, in the reader's language where it is a standard one."""
        return gettext(obj.name)


admin.site.register([Duty, Service, Topic], WordAdmin)
