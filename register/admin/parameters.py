"""Periods of the law, edited as dated rows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from register.models import LegalParameter
from register.periods import Period
from register.screens.standard_texts import StandardTexts
from register.staff_site import RegisterAdmin


class LegalParameterForm(StandardTexts, forms.ModelForm):  # type: ignore[type-arg]
    """Refuses a period that cannot be computed with."""

    standard_texts = ("source",)

    class Meta:
        model = LegalParameter
        fields = ("code", "period", "valid_from", "source")

    def clean_period(self) -> str:
        """Accept ISO 8601 periods such as P1M or PT72H, in one spelling."""
        try:
            return str(Period.parse(self.cleaned_data["period"]))
        except ValueError as error:
            raise forms.ValidationError(
                _("Write the period as ISO 8601, for example P1M or PT72H.")
            ) from error


@admin.register(LegalParameter)
class LegalParameterAdmin(RegisterAdmin):
    """A change of the law is a new row with its first day, not an edit of the old one."""

    form = LegalParameterForm
    list_display = ("code", "period", "valid_from", "source_in_words")
    list_filter = ("code",)

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        """A row that is in force has been relied on and is not rewritten."""
        return ("code", "period", "valid_from") if obj else ()

    @admin.display(description=_("source"), ordering="source")
    def source_in_words(self, obj: LegalParameter) -> Any:
        """The source, in the reader's language where it is a standard one."""
        return _(obj.source)
