"""The form by which a request is registered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from dsar.models import Request
from dsar.services import intake
from register.errors import DomainError


class RequestForm(forms.ModelForm):  # type: ignore[type-arg]
    """Says beside the field what the service would refuse."""

    class Meta:
        model = Request
        fields = (
            "kind",
            "channel",
            "received_at",
            "name",
            "email",
            "phone",
            "other_identifiers",
            "language",
        )
        widgets = {"other_identifiers": UnfoldAdminTextareaWidget(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("received_at", timezone.localtime())

    def clean_received_at(self) -> Any:
        """Refuse a time that cannot be right."""
        received_at = self.cleaned_data["received_at"]
        try:
            intake.require_sensible(received_at)
        except DomainError as error:
            raise forms.ValidationError(str(error), error.code) from error
        return received_at

    def clean(self) -> dict[str, Any]:
        """Ask for something by which the person can be found."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        named = ("name", "email", "phone", "other_identifiers")
        if not any((cleaned.get(field) or "").strip() for field in named):
            raise forms.ValidationError(
                _("Write at least one thing by which the person can be found.")
            )
        return cleaned
