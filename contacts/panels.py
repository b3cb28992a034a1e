"""What a reader must know before anything else about a person: prohibitions, requests, holds.

The apps above register their panels here. The contact page shows their notices at its
top, to those who may see the category.
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise

from contacts.models import Contact
from register import access
from register.datamap.vocabulary import Action, Category

Words = str | Promise


class Tone(enum.StrEnum):
    """How urgent a notice is. Shown by colour, icon and text alike."""

    INFO = "info"
    WARNING = "warning"
    DANGER = "danger"


@dataclasses.dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about the person, with an icon of Material Symbols and a link."""

    text: Words
    tone: Tone = Tone.INFO
    icon: str = "info"
    url: str = ""


class Load(Protocol):
    """Returns the notices about a person, most important first."""

    def __call__(self, contact_id: UUID, *, user: Any) -> list[Notice]: ...


_PANELS: dict[str, tuple[Category, Load]] = {}


def register_panel(code: str, category: Category, load: Load) -> None:
    """Make a panel known. A second one of the same code replaces the first."""
    _PANELS[code] = (category, load)


def notices_of(contact: Contact, *, user: object) -> list[Notice]:
    """The notices of all panels whose category the user may see."""
    return [
        notice
        for category, load in _PANELS.values()
        if access.may(user, Action.VIEW, category)
        for notice in load(contact.pk, user=user)
    ]
