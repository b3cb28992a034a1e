"""The forms for notes and follow-ups."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.models.notes import LONGEST_NOTE, NO_HEALTH_DATA
from register.datamap.vocabulary import Action, Category
from register.models import User

INPUT = {"class": "sel-input", "autocomplete": "off"}
# When nobody says a time of day: the beginning of the working day.
MORNING = time(9, 0)
AHEAD = {
    "none": (_("no reminder"), None),
    "then": (_("at that time"), timedelta(0)),
    "hour": (_("an hour before"), timedelta(hours=1)),
    "day": (_("a day before"), timedelta(days=1)),
}


def colleagues() -> QuerySet[User]:
    """Whoever may see notes, and so can be responsible for a follow-up."""
    return (
        User.objects.filter(
            is_active=True,
            roles__rights__category=Category.NOTES,
            roles__rights__action=Action.VIEW,
        )
        .distinct()
        .order_by("last_name", "first_name")
    )


class ColleagueField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A colleague, by name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"empty_label": _("Select value"), **kwargs})

    def label_from_instance(self, obj: Any) -> str:
        """Say who it is."""
        return str(obj.get_full_name())


class NoteForm(forms.Form):
    """A note."""

    prefix = "note"

    text = forms.CharField(
        label=_("note"),
        max_length=LONGEST_NOTE,
        widget=forms.Textarea(attrs={**INPUT, "rows": 3}),
        help_text=NO_HEALTH_DATA,
    )
    is_pinned = forms.BooleanField(label=_("pin to the top"), required=False)


class DueForm(forms.Form):
    """A day and a time of day in Finland."""

    day = forms.DateField(
        label=_("day"),
        widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
    )
    at = forms.TimeField(
        label=_("time"),
        required=False,
        widget=forms.TimeInput(attrs={**INPUT, "type": "time"}, format="%H:%M"),
        help_text=_("Empty: in the morning."),
    )

    @property
    def due_at(self) -> datetime:
        """The instant that was chosen."""
        chosen = self.cleaned_data
        return timezone.make_aware(
            datetime.combine(chosen["day"], chosen["at"] or MORNING)
        )


class FollowUpForm(DueForm):
    """Something to do."""

    prefix = "follow-up"
    field_order = ("what", "day", "at", "responsible", "reminder")

    what = forms.CharField(
        label=_("what to do"),
        max_length=300,
        widget=forms.TextInput(attrs=INPUT),
        help_text=NO_HEALTH_DATA,
    )
    responsible = ColleagueField(
        label=_("responsible"),
        queryset=User.objects.none(),
        widget=forms.Select(attrs=INPUT),
        empty_label=None,
    )
    reminder = forms.ChoiceField(
        label=_("reminder"),
        choices=[(code, words) for code, (words, _ahead) in AHEAD.items()],
        initial="then",
        widget=forms.Select(attrs=INPUT),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["responsible"]
        choice.queryset, choice.initial = colleagues(), user.pk  # type: ignore[attr-defined]

    @property
    def remind_at(self) -> datetime | None:
        """When the colleague wants to be reminded, if at all."""
        ahead = AHEAD[self.cleaned_data["reminder"]][1]
        return None if ahead is None else self.due_at - ahead


class HandOverForm(forms.Form):
    """Another colleague."""

    prefix = "colleague"

    responsible = ColleagueField(
        label=_("responsible"),
        queryset=User.objects.none(),
        widget=forms.Select(attrs=INPUT),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["responsible"].queryset = colleagues()  # type: ignore[attr-defined]


class PostponeForm(DueForm):
    """Another time."""

    prefix = "later"
