"""What can be done to many at once.

Each kind calls the service that changes one: so what holds for one person (an objection
to profiling, a hold, a protected address) holds for each of many. Apps above add theirs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from django import forms
from django.db.models import Model, Q
from django.utils.functional import Promise

from register import access
from register.actors import Actor
from register.datamap.graph import category_of
from register.datamap.vocabulary import Action, Category

Terms = Mapping[str, str]


@dataclasses.dataclass(frozen=True, slots=True)
class Change:
    """What one change did: what stood there before, and the row it made, if any."""

    old: str = ""
    made: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class BulkKind:
    """One thing that can be done to many people or companies.

    ``apply`` changes one row and returns what it did, None if all was so already, and
    raises DomainError where this one is not to be changed. ``undo`` takes that back and
    returns whether it could: only what nobody changed since. ``has`` is the condition of
    rows that are so already; ``fields`` are asked for in a form, and their cleaned values
    are the terms.
    """

    code: str
    model: type[Model]
    title: str | Promise
    fields: Callable[[Any], dict[str, forms.Field]]
    apply: Callable[[Any, Terms, Actor], Change | None]
    undo: Callable[[Any, Change, Terms, Actor], bool]
    has: Callable[[Terms], Q] | None = None
    # Besides the rights to see, to change and to change many of the table itself.
    needs: tuple[tuple[Action, Category], ...] = ()
    writes: tuple[tuple[type[Model], str], ...] = ()
    # Whoever reaches only some rows hands none over: they would be gone from his sight.
    hands_over: bool = False

    @property
    def rights(self) -> tuple[tuple[Action, Category], ...]:
        """Every right it takes."""
        category = category_of(self.model)
        assert category is not None  # noqa: S101 - people and companies have one
        own = ((action, category) for action in (Action.VIEW, Action.BULK))
        # What stands in other tables is added there; all else changes the row itself.
        change = () if self.needs else ((Action.CHANGE, category),)
        return (*own, *change, *self.needs)

    def is_for(self, user: object) -> bool:
        """Whether a user may do it at all."""
        if self.hands_over and any(
            access.is_limited(user, self.model, action)
            for action in (Action.VIEW, Action.CHANGE)
        ):
            return False
        return all(access.may(user, *right) for right in self.rights) and all(
            access.editable(user, model, name) for model, name in self.writes
        )


_KINDS: dict[tuple[type[Model], str], BulkKind] = {}


def register_kind(kind: BulkKind) -> None:
    """Make a kind known; a second one of the same code replaces the first."""
    _KINDS[kind.model, kind.code] = kind


def kinds_for(model: type[Model], user: object) -> list[BulkKind]:
    """Return what a user may do to many rows of a table."""
    return [
        kind
        for (table, _code), kind in _KINDS.items()
        if table is model and kind.is_for(user)
    ]


def kind_of(model: type[Model], code: str) -> BulkKind | None:
    """Return one of them."""
    return _KINDS.get((model, code))
