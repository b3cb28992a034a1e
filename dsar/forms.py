"""The forms by which requests are registered."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from dsar.models import Request, RequestEvent
from dsar.services import intake
from register.errors import DomainError

INPUT = {"class": "sel-input"}


class _Received(forms.ModelForm):  # type: ignore[type-arg]
    """Says beside the field what the service would refuse."""

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


class RequestForm(_Received):
    """A request of one person, who is named."""

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

    def clean(self) -> dict[str, Any]:
        """Ask for something by which the person can be found."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        named = ("name", "email", "phone", "other_identifiers")
        if not any((cleaned.get(field) or "").strip() for field in named):
            raise forms.ValidationError(
                _("Write at least one thing by which the person can be found.")
            )
        return cleaned


class CollectiveForm(_Received):
    """A decision about many people, of whom none is named."""

    reason = forms.CharField(
        label=_("whose decision it is, and why"),
        max_length=RequestEvent._meta.get_field("reason").max_length,
        widget=forms.TextInput(attrs={**INPUT, "autocomplete": "off"}),
        help_text=_("For example an order of the authority and its number. No names."),
    )

    class Meta:
        model = Request
        fields = ("channel", "received_at")
        widgets = {
            "channel": forms.Select(attrs=INPUT),
            "received_at": forms.DateTimeInput(
                attrs={**INPUT, "type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
            ),
        }
        help_texts = {
            "received_at": _("When the decision arrived, not when it was noticed.")
        }

    field_order = ("reason", "channel", "received_at")
