"""What this app itself, and the register below it, show on the page of a contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import formats, timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, ContactMerge, Merge
from contacts.panels import Notice, Tone, register_panel
from contacts.timeline import TimelineItem, register_source
from register import access
from register.datamap.vocabulary import Category
from register.services import holds


def register() -> None:
    """Make them known; called once, when the app is ready."""
    register_panel("holds", Category.RETENTION, _holds)
    register_source("merge", _("Merges"), "merge", Category.IDENTITY, _merged)
    register_source("record", _("Record"), "person_add", Category.IDENTITY, _added)


def _holds(contact_id: UUID, *, user: Any) -> list[Notice]:
    return [
        Notice(
            format_lazy(
                "{} {}: {}",
                _("On hold since"),
                formats.date_format(
                    timezone.localtime(hold.placed_at), "SHORT_DATE_FORMAT"
                ),
                hold.get_reason_display(),
            ),
            Tone.WARNING,
            "pan_tool",
        )
        for hold in holds.in_force(contact_id)
    ]


def _added(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None or (before is not None and contact.created_at >= before):
        return []
    seen = access.as_seen(user, contact)
    return [
        TimelineItem(
            contact.created_at,
            "record",
            _("Added to the register"),
            "contacts/timeline_added.html",
            {"source": seen.get_source_display(), "detail": seen.source_detail},
        )
    ]


def _merged(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    merges = ContactMerge.objects.filter(
        kept=contact_id, state__in=[Merge.State.DONE, Merge.State.UNDONE]
    ).exclude(merged_at=None)
    if before is not None:
        merges = merges.filter(merged_at__lt=before)
    return [
        TimelineItem(
            merge.merged_at or merge.ordered_at,
            "merge",
            _("Another record became one with this"),
            "contacts/timeline_merge.html",
            {"merge": merge},
        )
        for merge in merges.order_by("-merged_at")[:limit]
    ]
