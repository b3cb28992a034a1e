"""``/api/v1/chats`` and ``/api/v1/calls``, for chat and telephone systems."""

from __future__ import annotations

from communications.api.calls import router as calls
from communications.api.chats import router as chats

__all__ = ["calls", "chats"]
