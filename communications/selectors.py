"""Reading chats and calls. Nothing here asks who reads: the screens do.

Row security leaves out what is past its due instant.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Count, OuterRef, Prefetch, QuerySet, Subquery
from django.db.models.functions import Coalesce

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording

_PARTICIPANTS = Prefetch(
    "participants",
    ChatParticipant.objects.select_related("contact").order_by("id"),
)
_LINES = Prefetch("lines", ChatLine.objects.order_by("said_at", "id"))


def whole_chats() -> QuerySet[Chat]:
    """Chats with all that is in them, in a few queries however many they are."""
    return Chat.objects.select_related("agent").prefetch_related(_PARTICIPANTS, _LINES)


def chats_with_participants() -> QuerySet[Chat]:
    """Chats for a list: who took part, and ``lines_count``."""
    counted = (
        ChatLine.objects.filter(chat=OuterRef("pk"))
        .order_by()
        .values("chat")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return Chat.objects.prefetch_related(_PARTICIPANTS).annotate(
        lines_count=Coalesce(Subquery(counted), 0)
    )


def chats_of(contact_id: UUID) -> QuerySet[Chat]:
    """Whole chats in which the person took part."""
    own = ChatParticipant.objects.filter(contact_id=contact_id).values("chat")
    return whole_chats().filter(pk__in=own)


def calls_with_people() -> QuerySet[Call]:
    """Calls with the person and the agent."""
    return Call.objects.select_related("contact", "agent")


def calls_of(contact_id: UUID) -> QuerySet[Call]:
    """Calls with the person."""
    return calls_with_people().filter(contact_id=contact_id)


def recordings_of(calls: Iterable[Call]) -> dict[int, Recording]:
    """The recordings of some calls, by the number of the call."""
    found = Recording.objects.filter(call__in=[call.pk for call in calls])
    return {recording.call_id: recording for recording in found}


def people_in(chat: Chat) -> list[UUID]:
    """The contacts in a chat, in the order in which they are stored."""
    return [
        participant.contact_id
        for participant in chat.participants.all()
        if participant.contact_id is not None
    ]
