"""What happened with a person, in one line of time.

The apps above register their sources here; this app does not know them. A source
loads the newest items of one person that a user may see.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from django.utils.functional import Promise

from contacts.models import Contact
from register import access
from register.datamap.vocabulary import Action, Category
from register.services import holds

Words = str | Promise


@dataclasses.dataclass(frozen=True, slots=True)
class TimelineItem:
    """One thing that happened.

    ``template`` renders its body with ``item`` (what the source gives it is
    ``item.context``), ``contact`` and ``request``; without one only the title is shown. ``ends_at`` is when the row will be
    deleted; if ``is_held`` it stays, for the reason in ``held_because`` where the reader
    may know it. A hold on the person is added here and need not be looked up.
    """

    at: datetime
    kind: str
    title: Words
    template: str = ""
    context: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    ends_at: datetime | None = None
    is_held: bool = False
    held_because: Words = ""


class Load(Protocol):
    """Returns at most ``limit`` items older than ``before``, newest first."""

    def __call__(
        self, contact_id: UUID, *, before: datetime | None, limit: int, user: Any
    ) -> list[TimelineItem]: ...


@dataclasses.dataclass(frozen=True, slots=True)
class TimelineSource:
    """Where items of one kind come from. ``icon`` is a name of Material Symbols."""

    code: str
    title: Words
    icon: str
    category: Category
    load: Load


@dataclasses.dataclass(frozen=True, slots=True)
class TimelinePage:
    """Some items, and the instant before which there are more (None at the end)."""

    items: list[TimelineItem]
    older_before: datetime | None


_SOURCES: dict[str, TimelineSource] = {}


def register_source(
    code: str, title: Words, icon: str, category: Category, load: Load
) -> None:
    """Make a source known. A second source of the same code replaces the first."""
    _SOURCES[code] = TimelineSource(code, title, icon, category, load)


def sources_for(user: object) -> list[TimelineSource]:
    """The sources whose category the user may see."""
    return [
        source
        for source in _SOURCES.values()
        if access.may(user, Action.VIEW, source.category)
    ]


def page_of(
    contact: Contact,
    *,
    user: object,
    before: datetime | None = None,
    limit: int = 30,
    kinds: Collection[str] | None = None,
) -> TimelinePage:
    """The newest items of all sources the user may see, and where to go on.

    A page never ends between two items of the same instant: the next page begins
    before an instant and would leave the rest of them out.
    """
    sources = [
        source for source in sources_for(user) if kinds is None or source.code in kinds
    ]
    asked = limit + 1
    while True:
        loaded = [
            [
                dataclasses.replace(item, context=access.as_seen_in(user, item.context))
                for item in source.load(
                    contact.pk, before=before, limit=asked, user=user
                )
            ]
            for source in sources
        ]
        merged = sorted(
            (item for items in loaded for item in items),
            key=lambda item: item.at,
            reverse=True,
        )
        # Below the oldest item of a source that has more, the order is not known yet.
        horizon = max(
            (items[-1].at for items in loaded if len(items) >= asked), default=None
        )
        whole = [item for item in merged if horizon is None or item.at > horizon]
        if horizon is None and len(whole) <= limit:
            return TimelinePage(_with_holds(whole, contact, user), None)
        if (end := _end_of_page(whole, limit)) is not None:
            is_last = horizon is None and end == len(whole)
            return TimelinePage(
                _with_holds(whole[:end], contact, user),
                None if is_last else whole[end - 1].at,
            )
        asked *= 2


def _end_of_page(items: list[TimelineItem], limit: int) -> int | None:
    """Return how many items to show, or None if more must be loaded to know."""
    if len(items) <= limit:
        return len(items) or None
    end = limit
    while end and items[end].at == items[end - 1].at:
        end -= 1
    if end:
        return end
    # The whole page is one instant: show all of it.
    end = limit
    while end < len(items) and items[end].at == items[0].at:
        end += 1
    return end


def _with_holds(
    items: list[TimelineItem], contact: Contact, user: object
) -> list[TimelineItem]:
    """Mark what a hold on the person keeps; why is said to those who may see holds."""
    if not any(item.ends_at for item in items):
        return items
    hold = holds.in_force(contact.pk).first()
    if hold is None:
        return items
    may_know = access.may(user, Action.VIEW, Category.RETENTION)
    because = hold.get_reason_display() if may_know else ""
    return [
        dataclasses.replace(
            item, is_held=True, held_because=item.held_because or because
        )
        if item.ends_at
        else item
        for item in items
    ]
