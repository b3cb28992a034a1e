"""Reading chats and calls. Nothing here asks who reads: the screens do.

Row security leaves out what is past its due instant.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    Count,
    F,
    Func,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce

from communications.models import (
    Call,
    Chat,
    ChatLine,
    ChatParticipant,
    FollowUp,
    Meeting,
    MeetingColleague,
    Recording,
)
from register.database.due_tables import held_function
from register.datamap.graph import graph

_PARTICIPANTS = Prefetch(
    "participants",
    ChatParticipant.objects.select_related("contact").order_by("id"),
)


_LINES = ChatLine.objects.order_by("said_at", "id")


def whole_chats() -> QuerySet[Chat]:
    """Chats with all that is in them, in a few queries however many they are."""
    return Chat.objects.select_related("agent").prefetch_related(
        _PARTICIPANTS, Prefetch("lines", _LINES)
    )


def with_participants(chats: list[Chat]) -> list[Chat]:
    """Read the participants of chats that are loaded already."""
    prefetch_related_objects(chats, _PARTICIPANTS)
    return chats


def lines_counts(chats: Iterable[Chat]) -> dict[int, int]:
    """How many lines some chats have, by the number of the chat."""
    lines = ChatLine.objects.filter(chat__in=[chat.pk for chat in chats]).order_by()
    return dict(lines.values_list("chat").annotate(Count("pk")))


def with_lines_count(chats: QuerySet[Chat]) -> Any:
    """Add ``lines_count`` to each chat; counted only for those that are read."""
    counted = (
        ChatLine.objects.filter(chat=OuterRef("pk"))
        .order_by()
        .values("chat")
        .annotate(count=Count("pk"))
        .values("count")
    )
    return chats.annotate(lines_count=Coalesce(Subquery(counted), 0))


def with_held(rows: QuerySet[Any]) -> Any:
    """Add ``is_held``: whether a hold keeps the row, its people or its parts."""
    function = held_function(graph().of(rows.model))
    return rows.annotate(
        is_held=Func(F("pk"), function=function, output_field=BooleanField())
    )


def chats_of(contact_id: UUID, *, lines: int) -> Any:
    """Chats in which the person took part.

    Each has ``lines_count`` and the first so many ``lines`` as ``first_lines``.
    """
    own = ChatParticipant.objects.filter(contact_id=contact_id).values("chat")
    chats = Chat.objects.filter(pk__in=own).select_related("agent")
    first = Prefetch("lines", _LINES[:lines], to_attr="first_lines")
    return with_lines_count(chats.prefetch_related(_PARTICIPANTS, first))


def calls_with_people() -> QuerySet[Call]:
    """Calls with the person and the agent."""
    return Call.objects.select_related("contact", "agent")


def calls_of(contact_id: UUID) -> QuerySet[Call]:
    """Calls with the person."""
    return calls_with_people().filter(contact_id=contact_id)


def with_people(calls: list[Call]) -> list[Call]:
    """Read the people of calls that are loaded already."""
    prefetch_related_objects(calls, "contact")
    return calls


def recordings_of(calls: Iterable[Call]) -> dict[int, Recording]:
    """The recordings of some calls with ``is_held``, by the number of the call."""
    found = recordings().filter(call__in=[call.pk for call in calls])
    return {recording.call_id: recording for recording in found}


def recordings() -> Any:
    """Recordings with their calls, and ``is_held``."""
    return with_held(Recording.objects.select_related("call"))


def people_in(chat: Chat) -> list[UUID]:
    """The contacts in a chat, in the order in which they are stored."""
    return [
        participant.contact_id
        for participant in chat.participants.all()
        if participant.contact_id is not None
    ]


def open_follow_ups(user: Any) -> QuerySet[FollowUp]:
    """What the user has to do, the most urgent first."""
    return FollowUp.objects.filter(responsible=user, done_at=None).order_by(
        "due_at", "pk"
    )


def meetings_to_come(user: Any) -> QuerySet[Meeting]:
    """Planned meetings that the user arranged or takes part in, the next first.

    Those are among them whose time is over and of which nobody said what became.
    """
    with_user = MeetingColleague.objects.filter(user=user).values("meeting")
    return Meeting.objects.filter(
        Q(responsible=user) | Q(pk__in=with_user), state=Meeting.State.PLANNED
    ).order_by("starts_at", "pk")
