"""Taking in chats with customer service."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from communications.models import Chat, ChatLine, ChatParticipant
from communications.services import arrival
from communications.services.participants import Person, resolve
from contacts.models import Contact
from contacts.models.people import Source
from register import audit, identity_codes
from register.actors import Actor
from register.clocks import agreed_now
from register.errors import DomainError
from register.models import User

audit.register_actions({"chat.recorded": _("took in a chat")})

# Systems round the times of a chat and of its lines differently.
TIMES_ROUNDED_BY = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Something that was written. ``participant`` counts from 0; None: customer service."""

    said_at: datetime
    text: str
    participant: int | None = None


@transaction.atomic
def record_chat(
    *,
    started_at: datetime,
    participants: Sequence[Person],
    lines: Sequence[Line],
    actor: Actor,
    ended_at: datetime | None = None,
    external_id: str = "",
    agent: User | None = None,
    source: Source = Source.API,
) -> Chat:
    """Take in a chat with its participants and lines, whole or not at all.

    Participants are found or added as contacts by their addresses; two of the same
    contact become one. Refuses with DomainError: times that cannot be, a chat whose
    period is over (``past_retention``), a line of nobody, a personal identity code, an
    unknown contact; with Conflict a number of the chat system that was used before.
    """
    arrival.check_times(started_at, ended_at)
    arrival.check_not_over(
        Chat, ended_at or started_at, field="ended_at" if ended_at else "started_at"
    )
    _check_lines(lines, len(participants), started_at, ended_at)
    for index, person in enumerate(participants):
        identity_codes.refuse(
            person.display_name, field=f"participants.{index}.display_name"
        )
    contacts = resolve(
        participants, source=source, field="participants.{index}", actor=actor
    )
    chat = Chat(
        external_id=external_id, started_at=started_at, ended_at=ended_at, agent=agent
    )
    arrival.clean(chat)
    with arrival.storing({"chat_external_id": arrival.external_id_taken()}):
        chat.save(force_insert=True)
        rows = _store_participants(chat, participants, contacts)
        _store_lines(chat, lines, rows)
        chat.refresh_from_db(fields=["ends_at"])
    known = dict.fromkeys(contact.pk for contact in contacts if contact is not None)
    audit.record_for_each(
        known, "chat.recorded", actor=actor, obj=chat, count=len(lines)
    )
    return chat


def _store_participants(
    chat: Chat, persons: Sequence[Person], contacts: Sequence[Contact | None]
) -> list[ChatParticipant]:
    """Store the participants; return for each person the row, which two may share."""
    rows: list[ChatParticipant] = []
    of_contact: dict[object, ChatParticipant] = {}
    for person, contact in zip(persons, contacts, strict=True):
        row = of_contact.get(contact.pk) if contact is not None else None
        if row is None:
            row = ChatParticipant(
                chat=chat, contact=contact, display_name=person.display_name
            )
            if contact is not None:
                of_contact[contact.pk] = row
        rows.append(row)
    ChatParticipant.objects.bulk_create({id(row): row for row in rows}.values())
    return rows


def _store_lines(
    chat: Chat, lines: Sequence[Line], participants: Sequence[ChatParticipant]
) -> None:
    ChatLine.objects.bulk_create(
        ChatLine(
            chat=chat,
            participant=None
            if line.participant is None
            else participants[line.participant],
            said_at=line.said_at,
            text=line.text,
        )
        for line in lines
    )


def _check_lines(
    lines: Sequence[Line],
    participants_count: int,
    started_at: datetime,
    ended_at: datetime | None,
) -> None:
    earliest = started_at - TIMES_ROUNDED_BY
    latest = (
        ended_at + TIMES_ROUNDED_BY
        if ended_at
        else agreed_now() + arrival.CLOCKS_DIFFER_BY
    )
    for index, line in enumerate(lines):
        identity_codes.refuse(line.text, field=f"lines.{index}.text")
        if line.participant is not None and not (
            0 <= line.participant < participants_count
        ):
            raise DomainError(
                "unknown_participant",
                _("No participant has this number; they are counted from 0."),
                field=f"lines.{index}.participant",
            )
        if not earliest <= line.said_at <= latest:
            raise DomainError(
                "line_outside_chat",
                _("The line was not written during the chat. Check its time."),
                field=f"lines.{index}.said_at",
            )
