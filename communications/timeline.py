"""Chats, calls, notes and e-mail on the page of a contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from communications import conversation, selectors
from communications.models import (
    Call,
    FollowUp,
    Meeting,
    MeetingParticipant,
    Message,
    Note,
)
from communications.permission import reason_in_words
from communications.services import playing
from contacts.timeline import TimelineItem, register_source
from register import access
from register.datamap.vocabulary import Action, Category

# A longer chat is read on its own page.
LINES_SHOWN = 12

CALL_TITLES = {
    Call.Direction.INBOUND: _("Incoming call"),
    Call.Direction.OUTBOUND: _("Outgoing call"),
}


def register() -> None:
    """Make the sources known to the page of a contact."""
    register_source("chats", _("Chats"), "forum", Category.CHATS, load_chats)
    register_source("calls", _("Calls"), "call", Category.COMMUNICATION, load_calls)
    register_source("messages", _("E-mail"), "mail", Category.MESSAGES, load_messages)
    register_source("notes", _("Notes"), "sticky_note_2", Category.NOTES, load_notes)
    register_source(
        "follow_ups", _("Follow-ups"), "event_upcoming", Category.NOTES, load_done
    )
    register_source("meetings", _("Meetings"), "groups", Category.NOTES, load_meetings)


MEETING_TITLES = {
    Meeting.State.PLANNED: _("Meeting planned"),
    Meeting.State.HELD: _("Meeting"),
    Meeting.State.CANCELLED: _("Meeting cancelled"),
}


def load_chats(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    """Chats in which the person took part, newest first, with their first lines."""
    chats = selectors.with_held(
        selectors.chats_of(contact_id, lines=LINES_SHOWN)
    ).order_by("-started_at", "-pk")
    if before is not None:
        chats = chats.filter(started_at__lt=before)
    return [
        TimelineItem(
            at=chat.started_at,
            kind="chats",
            title=_("Chat with customer service"),
            template="communications/timeline_chat.html",
            context={
                "chat": chat,
                "bubbles": conversation.bubbles(chat, chat.first_lines, user=user),
                "partners": conversation.partners(chat, user=user, without=contact_id),
                "more": max(0, chat.lines_count - LINES_SHOWN),
            },
            ends_at=chat.ends_at,
            is_held=chat.is_held,
        )
        for chat in chats[:limit]
    ]


def load_calls(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    """Calls with the person, newest first; recordings for those who may hear them."""
    calls = selectors.with_held(selectors.calls_of(contact_id)).order_by(
        "-started_at", "-pk"
    )
    if before is not None:
        calls = calls.filter(started_at__lt=before)
    found = list(calls[:limit])
    may_hear = access.may(user, Action.VIEW, Category.RECORDINGS)
    recordings = selectors.recordings_of(found) if may_hear else {}
    return [
        TimelineItem(
            at=call.started_at,
            kind="calls",
            title=CALL_TITLES[Call.Direction(call.direction)],
            template="communications/timeline_call.html",
            context={
                "call": call,
                "recording": recordings.get(call.pk),
                "purposes": playing.purposes(),
            },
            ends_at=call.ends_at,
            is_held=call.is_held,
        )
        for call in found
    ]


def load_notes(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    """Notes about the person, newest first."""
    notes = Note.objects.filter(contact=contact_id).select_related("author")
    if before is not None:
        notes = notes.filter(written_at__lt=before)
    may_change = access.may(user, Action.CHANGE, Category.NOTES)
    return [
        TimelineItem(
            at=note.written_at,
            kind="notes",
            title=_("Pinned note") if note.is_pinned else _("Note"),
            template="communications/timeline_note.html",
            context={"note": note, "may_change": may_change},
        )
        for note in notes.order_by("-written_at", "-pk")[:limit]
    ]


def load_done(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    """What was done for the person, newest first; what is open stands above the line."""
    done = FollowUp.objects.filter(contact=contact_id, done_at__isnull=False)
    if before is not None:
        done = done.filter(done_at__lt=before)
    found = done.select_related("responsible").order_by("-done_at", "-pk")[:limit]
    return [
        TimelineItem(
            at=follow_up.done_at or follow_up.due_at,
            kind="follow_ups",
            title=_("Follow-up done"),
            template="communications/timeline_follow_up.html",
            context={"follow_up": follow_up},
            ends_at=follow_up.ends_at,
        )
        for follow_up in found
    ]


def load_messages(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    """E-mail to the person, newest first, and what became of it."""
    found = Message.objects.filter(contact=contact_id).select_related("sender")
    if before is not None:
        found = found.filter(queued_at__lt=before)
    may_retry = access.may(user, Action.ADD, Category.MESSAGES)
    return [
        TimelineItem(
            at=message.queued_at,
            kind="messages",
            title=_("E-mail to the person"),
            template="communications/timeline_message.html",
            context={
                "message": message,
                "reason": reason_in_words(message.reason),
                "may_retry": may_retry and message.is_over_unsent,
            },
            ends_at=message.ends_at,
        )
        for message in found.order_by("-queued_at", "-pk")[:limit]
    ]


def load_meetings(
    contact_id: UUID, *, before: datetime | None, limit: int, user: Any
) -> list[TimelineItem]:
    """Meetings in which the person takes or took part, the latest first."""
    own = MeetingParticipant.objects.filter(contact_id=contact_id).values("meeting")
    found = Meeting.objects.filter(pk__in=own).select_related("responsible")
    if before is not None:
        found = found.filter(starts_at__lt=before)
    return [
        TimelineItem(
            at=meeting.starts_at,
            kind="meetings",
            title=MEETING_TITLES[Meeting.State(meeting.state)],
            template="communications/timeline_meeting.html",
            context={"meeting": meeting},
            ends_at=meeting.ends_at,
        )
        for meeting in found.order_by("-starts_at", "-pk")[:limit]
    ]
