"""What a reader must know before anything else about a person: prohibitions, requests, holds.

The apps above register their panels here. The contact page shows their notices at its
top, and their sections beside the timeline, to those who may see the category.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact
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


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A part of the page below the details; ``template`` gets it as ``section``."""

    template: str
    context: Mapping[str, Any]


class LoadSection(Protocol):
    """Returns a part of the page of a person or a company, None if there is none."""

    def __call__(self, about: Contact | Company, *, user: Any) -> Section | None: ...


class Load(Protocol):
    """Returns the notices about a person, most important first."""

    def __call__(self, contact_id: UUID, *, user: Any) -> list[Notice]: ...


_PANELS: dict[str, tuple[Category, Load]] = {}
_SECTIONS: dict[str, tuple[Category, LoadSection]] = {}
# Whoever may see the person must know that there is nothing to ask or to tell.
PROTECTED = Notice(
    _(
        "Protected address: do not ask, write down or tell where this person lives or works."
    ),
    Tone.DANGER,
    "visibility_off",
)


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


def register_section(code: str, category: Category, load: LoadSection) -> None:
    """Make a part of the page known. A second one of the same code replaces the first."""
    _SECTIONS[code] = (category, load)


def sections_of(about: Contact | Company, *, user: object) -> list[Section]:
    """The parts of the page whose category the user may see."""
    found = [
        load(about, user=user)
        for category, load in _SECTIONS.values()
        if access.may(user, Action.VIEW, category)
    ]
    return [
        dataclasses.replace(section, context=access.as_seen_in(user, section.context))
        for section in found
        if section is not None
    ]
