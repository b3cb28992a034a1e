"""The forms for meetings."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.forms.work import INPUT, colleagues
from communications.models import Meeting, MeetingParticipant
from communications.models.meetings import LONGEST_TEXT
from communications.models.notes import NO_HEALTH_DATA
from contacts.models import Contact
from register.models import User
from register.screens.rows import name_of

HOUR = timedelta(hours=1)


class WhenForm(forms.Form):
    """What, when and where, in the time of Finland."""

    prefix = "meeting"

    title = forms.CharField(
        label=_("subject"), max_length=200, widget=forms.TextInput(attrs=INPUT)
    )
    day = forms.DateField(
        label=_("day"),
        widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
    )
    starts = forms.TimeField(
        label=_("begins"),
        widget=forms.TimeInput(attrs={**INPUT, "type": "time"}, format="%H:%M"),
    )
    ends = forms.TimeField(
        label=_("ends"),
        required=False,
        widget=forms.TimeInput(attrs={**INPUT, "type": "time"}, format="%H:%M"),
        help_text=_("Empty: an hour later."),
    )
    place = forms.CharField(
        label=_("place"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=INPUT),
    )
    link = forms.CharField(
        label=_("link"),
        max_length=500,
        required=False,
        widget=forms.URLInput(attrs=INPUT),
        help_text=_("Address of a video meeting; it begins with https://."),
    )

    # Where the fault of a field of the meeting is shown.
    places = {"starts_at": "starts", "finishes_at": "ends", "state": "title"}

    @property
    def values(self) -> dict[str, Any]:
        """What a meeting keeps of it."""
        chosen = self.cleaned_data
        starts_at = _instant(chosen["day"], chosen["starts"])
        finishes_at = starts_at + HOUR
        if chosen["ends"]:
            finishes_at = _instant(self.last_day, chosen["ends"])
        return {
            "title": chosen["title"],
            "starts_at": starts_at,
            "finishes_at": finishes_at,
            "place": chosen["place"],
            "link": chosen["link"],
        }

    @property
    def last_day(self) -> Any:
        """The day on which the meeting ends."""
        return self.cleaned_data.get("last_day") or self.cleaned_data["day"]


class MeetingForm(WhenForm):
    """All that is told of a meeting."""

    field_order = ("title", "day", "starts", "last_day", "ends", "place", "link")

    last_day = forms.DateField(
        label=_("last day"),
        required=False,
        widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
        help_text=_("Empty: it ends on the same day."),
    )
    agenda = forms.CharField(
        label=_("agenda"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={**INPUT, "rows": 4}),
        help_text=NO_HEALTH_DATA,
    )
    minutes = forms.CharField(
        label=_("minutes"),
        max_length=LONGEST_TEXT,
        required=False,
        widget=forms.Textarea(attrs={**INPUT, "rows": 6}),
        help_text=NO_HEALTH_DATA,
    )

    @property
    def values(self) -> dict[str, Any]:
        """What a meeting keeps of it."""
        texts = {name: self.cleaned_data[name] for name in ("agenda", "minutes")}
        return super().values | texts

    @staticmethod
    def initial_of(meeting: Meeting) -> dict[str, Any]:
        """Return what stands in the form of a meeting."""
        starts = timezone.localtime(meeting.starts_at)
        finishes = timezone.localtime(meeting.finishes_at)
        is_longer = starts.date() != finishes.date()
        return {
            "title": meeting.title,
            "day": starts.date(),
            "starts": starts.time(),
            "last_day": finishes.date() if is_longer else None,
            "ends": finishes.time(),
            "place": meeting.place,
            "link": meeting.link,
            "agenda": meeting.agenda,
            "minutes": meeting.minutes,
        }


class PeopleField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """People by their names, for those who see people; their string holds none."""

    def label_from_instance(self, obj: Any) -> str:
        """Say who it is."""
        return name_of(obj)


class PeopleSelect(AutocompleteSelectMultiple):
    """Django's field that completes what is typed; it bears what is no key at all."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        """Return the chosen people."""
        return super().optgroups(name, [key for key in value if _is_key(key)], attrs)


class ColleaguesField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]
    """Colleagues, by name."""

    def label_from_instance(self, obj: Any) -> str:
        """Say who it is."""
        return str(obj.get_full_name())


class PeopleForm(forms.Form):
    """Who takes part."""

    prefix = "people"

    contacts = PeopleField(
        label=_("people"),
        queryset=Contact.objects.none(),
        required=False,
        help_text=_("Type the beginning of a name, an e-mail address or a number."),
    )
    colleagues = ColleaguesField(
        label=_("colleagues besides whoever arranged it"),
        queryset=User.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, meeting: Meeting, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people: Any = self.fields["contacts"]
        people.queryset = Contact.objects.all()
        people.widget = PeopleSelect(
            MeetingParticipant._meta.get_field("contact"), admin.site
        )
        people.widget.choices = people.choices
        staff: Any = self.fields["colleagues"]
        staff.queryset = colleagues()
        if meeting.responsible_id is not None:
            staff.queryset = staff.queryset.exclude(pk=meeting.responsible_id)


def _is_key(text: object) -> bool:
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return True


def _instant(day: Any, at: Any) -> datetime:
    return timezone.make_aware(datetime.combine(day, at))
