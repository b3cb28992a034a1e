"""Chats, calls and recordings of the demo."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording
from contacts.models import Contact, ContactPoint
from register import files
from register.models import User
from register.periods import Period, ends_at
from settings.demo_data import audio, names
from settings.demo_data.times import anchor_due_at

CHATS, CALLS = 1500, 500


def make_chats(chance: random.Random, people: Sequence[Contact]) -> None:
    """Make chats of the last three months; the first are due within the hour."""
    agent = User.objects.get(email__startswith="service@")
    now = timezone.now()
    chats, participants, lines = [], [], []
    for number in range(CHATS):
        length = timedelta(minutes=chance.randint(3, 25))
        if number < 12:
            # Due within the hour: the register can be watched while it forgets.
            ended_at = anchor_due_at(now + timedelta(minutes=4 * number + 2), "P3M")
        else:
            ended_at = now - timedelta(days=chance.uniform(0.05, 88))
        chat = Chat(
            external_id=f"demo-{number}",
            started_at=ended_at - length,
            ended_at=ended_at,
            agent=agent,
        )
        chats.append(chat)
        present = chance.sample(list(people), 2 if chance.random() < 0.12 else 1)
        seats = [
            ChatParticipant(chat=chat, contact=person, display_name=person.first_name)
            for person in present
        ]
        participants.extend(seats)
        lines.extend(_lines(chance, chat, seats))
    Chat.objects.bulk_create(chats, batch_size=1000)
    ChatParticipant.objects.bulk_create(participants, batch_size=1000)
    ChatLine.objects.bulk_create(lines, batch_size=1000)


def _lines(
    chance: random.Random, chat: Chat, seats: Sequence[ChatParticipant]
) -> list[ChatLine]:
    lines, at = [], chat.started_at
    for _ in range(chance.randint(1, 3)):
        seat = chance.choice(seats)
        for author, text in (
            (seat, chance.choice(names.QUESTIONS)),
            (None, chance.choice(names.ANSWERS).format(name=seat.display_name)),
        ):
            at += timedelta(seconds=chance.randint(20, 90))
            lines.append(ChatLine(chat=chat, participant=author, said_at=at, text=text))
    at += timedelta(seconds=30)
    lines.append(
        ChatLine(
            chat=chat,
            participant=seats[0],
            said_at=at,
            text=chance.choice(names.THANKS),
        )
    )
    return lines


def make_calls(chance: random.Random, people: Sequence[Contact]) -> None:
    """Make calls of the last year, with recordings where they may still exist."""
    agent = User.objects.get(email__startswith="service@")
    phones = dict(
        ContactPoint.objects.filter(kind="phone").values_list("contact_id", "value")
    )
    callers = [person for person in people if person.pk in phones]
    sounds = [audio.recording(chance) for _ in range(24)]
    now = timezone.now()
    for number in range(CALLS):
        if number < 6:
            ended_at = anchor_due_at(now + timedelta(minutes=8 * number + 3), "P7M")
        else:
            ended_at = now - timedelta(days=chance.uniform(0.05, 364))
        caller = chance.choice(callers)
        call = Call.objects.create(
            external_id=f"demo-{number}",
            contact=caller,
            direction=chance.choice(Call.Direction.values),
            number=phones[caller.pk],
            started_at=ended_at - timedelta(seconds=chance.randint(40, 900)),
            ended_at=ended_at,
            agent=agent,
        )
        if ends_at(ended_at, Period.parse("P7M")) > now:
            _record(call, sounds[number % len(sounds)])


def _record(call: Call, sound: bytes) -> None:
    received = files.receive(
        [sound],
        path=f"recordings/{uuid.uuid4()}",
        max_bytes=settings.RECORDING_MAX_BYTES,
    )
    with transaction.atomic():
        Recording.objects.create(
            call=call,
            file=received.path,
            content_type="audio/wav",
            size=received.size,
            sha256=received.sha256,
            call_ended_at=call.ended_at,
            received_at=call.ended_at,
        )
        received.keep()
