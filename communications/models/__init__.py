"""What was said: chats and calls."""

from __future__ import annotations

from communications.models.calls import Call, Recording
from communications.models.chats import Chat, ChatLine, ChatParticipant

__all__ = ["Call", "Chat", "ChatLine", "ChatParticipant", "Recording"]
