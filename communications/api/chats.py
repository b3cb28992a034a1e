"""``/api/v1/chats``: transcripts of chats with customer service."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from communications.api.shared import (
    PersonIn,
    agent_with,
    due_instant,
    record_read,
    support_actor,
)
from communications.models import Chat
from communications.selectors import people_in, whole_chats
from communications.services import chats
from register import access
from register.api.errors import ApiError, errors
from register.api.idempotency import written_once
from register.api.keys import ApiKeyAuth, key_of
from register.api.schemas import (
    Body,
    Email,
    IdempotencyKeyHeader,
    Moment,
    Reference,
    RowId,
    seen_or_none,
)
from register.models import ApiKey

router = Router(tags=["chats"])
READ = ApiKeyAuth(ApiKey.Scope.CHATS_READ)
WRITE = ApiKeyAuth(ApiKey.Scope.CHATS_WRITE)

MOST_PARTICIPANTS = 50
MOST_LINES = 5000
LONGEST_LINE = 20_000


class ParticipantIn(PersonIn):
    """A participant. Without a contact and an address: a visitor nobody knows."""

    display_name: str = Field(
        default="", max_length=120, description="The name used in the chat."
    )


class LineIn(Body):
    """Something that was written."""

    participant: Annotated[int, Field(strict=True, ge=0)] | None = Field(
        default=None,
        description="Who wrote it: the place in participants, counted from 0. Empty: customer service.",
    )
    said_at: Moment
    text: str = Field(min_length=1, max_length=LONGEST_LINE)


class ChatIn(Body):
    """A whole chat. The period of retention counts from ended_at."""

    external_id: Reference = Field(
        default="", description="Number of the chat in your system; never twice."
    )
    started_at: Moment
    ended_at: Moment | None = None
    agent_email: Email = Field(
        default="", description="Account of the member of staff, if there is one."
    )
    participants: list[ParticipantIn] = Field(
        min_length=1, max_length=MOST_PARTICIPANTS
    )
    lines: list[LineIn] = Field(default=[], max_length=MOST_LINES)
    identity_codes: Literal["refuse", "mask"] = Field(
        default="refuse",
        description="What becomes of personal identity codes in any text: the chat is refused with their places, or each is replaced by ******-*** and the chat is kept.",
    )


class ParticipantOut(Schema):
    """A participant."""

    id: int
    contact_id: UUID | None
    display_name: str


class LineOut(Schema):
    """Something that was written; participant_id is empty for customer service."""

    participant_id: int | None
    said_at: datetime | None
    text: str


class ChatOut(Schema):
    """A chat, and when it will be deleted."""

    id: int
    external_id: str
    started_at: datetime | None
    ended_at: datetime | None
    ends_at: datetime
    participants: list[ParticipantOut]
    lines: list[LineOut]


@router.post(
    "",
    auth=WRITE,
    response={201: ChatOut, **errors(400, 401, 403, 409, 410, 413, 415, 422)},
    summary="Send a chat",
)
def create_chat(
    request: HttpRequest, body: ChatIn, idempotency_key: IdempotencyKeyHeader
) -> Status[ChatOut]:
    """Take in a chat with its participants and lines.

    Participants with an address are found or added as contacts. Two that are the same
    contact become one. A chat whose retention period is over is refused, and so is
    one with a personal identity code in it, unless it asks for masking.
    """

    key = key_of(request)
    persons = [each.person(key, each.display_name) for each in body.participants]

    def write() -> tuple[int, Chat]:
        chat = chats.record_chat(
            external_id=body.external_id,
            started_at=body.started_at,
            ended_at=body.ended_at,
            agent=agent_with(body.agent_email),
            participants=persons,
            lines=[
                chats.Line(
                    said_at=line.said_at, text=line.text, participant=line.participant
                )
                for line in body.lines
            ],
            actor=support_actor(request),
        )
        return 201, chat

    def load(number: str) -> Chat | None:
        return _read(request, int(number))

    answer = written_once(request, idempotency_key, write=write, load=load)
    chat = whole_chats().filter(pk=answer.value.pk).first()
    if chat is None:
        raise ApiError(410)
    return Status(answer.status_code, chat_out(chat, reader=key_of(request)))


@router.get(
    "/{chat_id}",
    auth=READ,
    response={200: ChatOut, **errors(400, 401, 403, 404, 422)},
    summary="Read a chat",
)
def read_chat(request: HttpRequest, chat_id: RowId) -> Status[ChatOut]:
    """Return a chat with everything in it."""
    chat = _read(request, chat_id)
    if chat is None:
        raise ApiError(404)
    return Status(200, chat_out(chat, reader=key_of(request)))


def chat_out(chat: Chat, *, reader: object) -> ChatOut:
    """Return a chat as it goes out: masks and gaps where its reader has them."""
    chat = access.as_seen(reader, chat)
    return ChatOut(
        id=chat.pk,
        external_id=chat.external_id,
        started_at=seen_or_none(chat, "started_at"),
        ended_at=seen_or_none(chat, "ended_at"),
        ends_at=due_instant(chat),
        participants=[
            ParticipantOut(
                id=participant.pk,
                contact_id=participant.contact_id,
                display_name=participant.display_name,
            )
            for participant in chat.participants.all()
        ],
        lines=[
            LineOut(
                participant_id=line.participant_id,
                said_at=seen_or_none(line, "said_at"),
                text=line.text,
            )
            for line in chat.lines.all()
        ],
    )


def _read(request: HttpRequest, chat_id: int) -> Chat | None:
    chat = whole_chats().filter(pk=chat_id).first()
    if chat is not None:
        record_read(request, chat, people_in(chat))
    return chat
