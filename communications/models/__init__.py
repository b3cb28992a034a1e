"""What was said, and what staff noted of it."""

from __future__ import annotations

from communications.models.calls import Call, Recording
from communications.models.chats import Chat, ChatLine, ChatParticipant
from communications.models.follow_ups import FollowUp
from communications.models.notes import Note

__all__ = [
    "Call",
    "Chat",
    "ChatLine",
    "ChatParticipant",
    "FollowUp",
    "Note",
    "Recording",
]
