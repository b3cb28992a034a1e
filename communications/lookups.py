"""Who has had a conversation with us: for the watching of look-ups."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from communications.models import Call, ChatParticipant
from register.lookups.people import register_dealings
from register.lookups.trail import LOOKS


def with_conversations(
    people: Collection[uuid.UUID], since: datetime
) -> set[uuid.UUID]:
    """Return which people have chatted or been on the telephone since an instant."""
    chats = ChatParticipant.objects.filter(
        contact_id__in=people, chat__started_at__gte=since
    )
    calls = Call.objects.filter(contact_id__in=people, started_at__gte=since)
    return {
        *chats.values_list("contact_id", flat=True),
        *calls.values_list("contact_id", flat=True),
    }


def register() -> None:
    """Let the watching ask; hearing a recording is a look, too."""
    LOOKS.add("recording.played")
    register_dealings(with_conversations)
