"""The notice on a person's page that the person is still to be told (GDPR Art. 14)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contacts import information_duty, panels
from register.datamap.vocabulary import Category


def register() -> None:
    """Make it known to the page."""
    panels.register_panel("information", Category.INFORMATION, notices)


def notices(contact_id: UUID, *, user: Any) -> list[panels.Notice]:
    """Say by when the person must be told where the data came from."""
    contact = information_duty.open_duties().filter(pk=contact_id).first()
    if contact is None:
        return []
    due = information_duty.due_on(getattr(contact, information_duty.OBTAINED))
    is_late = due < timezone.localdate()
    words = (
        _("Has not been told where the data came from; that was due on")
        if is_late
        else _("To be told where the data came from, at the latest on")
    )
    return [
        panels.Notice(
            format_lazy("{} {}", words, formats.date_format(due, "SHORT_DATE_FORMAT")),
            panels.Tone.DANGER if is_late else panels.Tone.WARNING,
            "mark_email_unread",
            reverse("admin:contacts_informationgiven_tell", args=[contact_id]),
        )
    ]
