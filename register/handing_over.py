"""Open work of a member of staff who leaves: a registry that each app fills with its own.

A source returns what is in somebody's hands as lines to read, with where to hand it over.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.models import Approval, Hold, User

Text = str | Promise


@dataclasses.dataclass(frozen=True, slots=True)
class OpenWork:
    """Something that somebody has in hand: what, how many, and where it is listed."""

    title: Text
    count: int
    url: str


Source = Callable[[User], Iterable[OpenWork]]
_SOURCES: list[Source] = []


def register(source: Source) -> Source:
    """Add a source; usable as a decorator."""
    _SOURCES.append(source)
    return source


def open_work(user: User) -> list[OpenWork]:
    """Return everything open that is in somebody's hands."""
    return [work for source in _SOURCES for work in source(user) if work.count]


@register
def _of_the_register(user: User) -> Iterable[OpenWork]:
    yield OpenWork(
        _("Holds placed and not released"),
        Hold.objects.filter(placed_by=user, released_at=None).count(),
        reverse("admin:register_hold_changelist"),
    )
    yield OpenWork(
        _("Approvals asked for and not decided"),
        Approval.objects.filter(
            requested_by=user, state=Approval.State.WAITING
        ).count(),
        reverse("admin:register_approval_changelist"),
    )
