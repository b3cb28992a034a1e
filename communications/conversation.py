"""How a chat looks to a reader: who said what, with the names the reader may see."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from communications.models import Chat, ChatLine, ChatParticipant
from register import access
from register.datamap.vocabulary import Action, Category

Words = str | Promise


@dataclasses.dataclass(frozen=True, slots=True)
class Bubble:
    """One line of a chat. ``is_ours``: customer service wrote it."""

    name: Words
    at: datetime
    text: str
    is_ours: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Partner:
    """Somebody in a chat; ``contact_id`` leads to their page."""

    name: Words
    contact_id: UUID | None


def partners(chat: Chat, *, user: object, without: UUID | None = None) -> list[Partner]:
    """Who took part, except the contact ``without``."""
    seen = access.as_seen(user, chat)
    return [
        Partner(
            _name(participant, sees_names=_sees_names(user)), participant.contact_id
        )
        for participant in seen.participants.all()
        if without is None or participant.contact_id != without
    ]


def bubbles(chat: Chat, lines: Iterable[ChatLine], *, user: object) -> list[Bubble]:
    """Some lines of a chat, for a reader."""
    sees_names = _sees_names(user)
    chat = access.as_seen(user, chat)
    names = {
        participant.pk: _name(participant, sees_names=sees_names)
        for participant in chat.participants.all()
    }
    ours = chat.agent.get_full_name() if chat.agent else _("Customer service")
    return [_bubble(access.as_seen(user, line), names, ours) for line in lines]


def _bubble(line: ChatLine, names: dict[int, Words], ours: Words) -> Bubble:
    if line.participant_id is None:
        return Bubble(ours, line.said_at, line.text, is_ours=True)
    name = names.get(line.participant_id, _("Visitor"))
    return Bubble(name, line.said_at, line.text, is_ours=False)


def _sees_names(user: object) -> bool:
    return access.may(user, Action.VIEW, Category.IDENTITY)


def _name(participant: ChatParticipant, *, sees_names: bool) -> Words:
    full = participant.contact.full_name if participant.contact and sees_names else ""
    return full or participant.display_name or _("Visitor")
