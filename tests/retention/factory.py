"""Chats, calls and recordings for the tests of retention."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording


def days_ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def make_chat(*contacts: Any, ended_at: datetime | None = None) -> Chat:
    """Create a chat in which everybody says one thing and customer service another."""
    ended_at = ended_at or days_ago(200)
    chat = Chat.objects.create(started_at=ended_at, ended_at=ended_at)
    for contact in contacts:
        participant = ChatParticipant.objects.create(chat=chat, contact=contact)
        ChatLine.objects.create(chat=chat, participant=participant, text="Hei")
    ChatLine.objects.create(chat=chat, text="Kuinka voin auttaa?")
    chat.refresh_from_db()
    return chat


def make_call(contact: Any = None, *, ended_at: datetime | None = None) -> Call:
    ended_at = ended_at or days_ago(500)
    return Call.objects.create(
        contact=contact, direction="inbound", started_at=ended_at, ended_at=ended_at
    )


def make_recording(call: Call) -> Recording:
    """Store a file and its row."""
    path = default_storage.save(f"recordings/{uuid.uuid4()}", ContentFile(b"RIFF"))
    recording = Recording.objects.create(
        call=call,
        file=path,
        content_type="audio/wav",
        size=4,
        sha256="0" * 64,
        call_ended_at=call.ended_at,
    )
    recording.refresh_from_db()
    return recording


def stored(recording: Recording) -> bool:
    """Whether the file is there."""
    return default_storage.exists(str(recording.file))
