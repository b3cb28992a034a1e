"""What was said, and what staff noted of it."""

from __future__ import annotations

from communications.models.calls import Call, Recording
from communications.models.chats import Chat, ChatLine, ChatParticipant
from communications.models.follow_ups import FollowUp
from communications.models.meetings import (
    Meeting,
    MeetingColleague,
    MeetingParticipant,
)
from communications.models.messages import Message
from communications.models.notes import Note

__all__ = [
    "Call",
    "Chat",
    "ChatLine",
    "ChatParticipant",
    "FollowUp",
    "Meeting",
    "MeetingColleague",
    "MeetingParticipant",
    "Message",
    "Note",
    "Recording",
]
