"""The notice on a person's page that the person is still to be told (GDPR Art. 14)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import formats
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from communications.models import Call, Meeting, MeetingParticipant
from contacts import information_duty, panels
from register.datamap.vocabulary import Category


def register() -> None:
    """Make it known to the page, and our calls and meetings to the duty."""
    panels.register_panel("information", Category.INFORMATION, notices)
    # Mail carries the letter by itself; who calls or meets somebody has to tell.
    information_duty.register_contacts("calls", calls_of_ours)
    information_duty.register_contacts("meetings", meetings_held)


def calls_of_ours() -> QuerySet[Call, Any]:
    """Return whom we called, and when."""
    return Call.objects.filter(
        direction=Call.Direction.OUTBOUND, contact__isnull=False
    ).values("contact_id", at=F("started_at"))


def meetings_held() -> QuerySet[MeetingParticipant, Any]:
    """Return whom we met, and when."""
    return MeetingParticipant.objects.filter(meeting__state=Meeting.State.HELD).values(
        "contact_id", at=F("meeting__starts_at")
    )


def notices(contact_id: UUID, *, user: Any) -> list[panels.Notice]:
    """Say by when the person must be told where the data came from."""
    people = information_duty.open_duties().filter(pk=contact_id)
    contact = information_duty.with_first_contacts(people).first()
    if contact is None:
        return []
    due = information_duty.due(contact)
    if due.contacted:
        words = _("Was spoken to without being told where the data came from, on")
    elif due.is_late:
        words = _("Has not been told where the data came from; that was due on")
    else:
        words = _("To be told where the data came from, at the latest on")
    return [
        panels.Notice(
            format_lazy(
                "{} {}", words, formats.date_format(due.day, "SHORT_DATE_FORMAT")
            ),
            panels.Tone.DANGER if due.is_late else panels.Tone.WARNING,
            "mark_email_unread",
            reverse("admin:contacts_informationgiven_tell", args=[contact_id]),
        )
    ]
