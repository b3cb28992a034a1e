"""What lists of people and companies are filtered by.

Each filter is answered through an index: a column of the list's own indexes, a table of
the few who have something, or a word that marks those who lack it (``search_words``).
A filter asks only about what its reader may see: without that it is neither offered nor
answered, and where the reader sees it of some people only, it finds those alone.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model, Q, QuerySet, TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register import access
from register.datamap.vocabulary import HEEDED, Action, Category, Scope
from register.services import saved_views

Words = str | Promise
Option = tuple[str, Words]


class Group(TextChoices):
    """Where in the form of all filters one stands."""

    CARE = "care", _("Who looks after them")
    KIND = "kind", _("Kind")
    REACH = "reach", _("How to reach them")
    WORK = "work", _("Companies and roles")
    INTEREST = "interest", _("Interests")
    ORIGIN = "origin", _("Origin and quality")


@dataclasses.dataclass(frozen=True, slots=True)
class ListFilter:
    """One question about the rows of a list, with its answers to choose from.

    ``condition`` or ``keys`` says which rows an answer finds; None for no answer of its
    own. ``keys`` is a query of keys, for what stands in other tables. ``fields`` must be
    seen at all, ``clear`` in clear. A filter without ``options`` takes a text, which names
    no person: saved views keep it.
    """

    model: type[Model]
    code: str
    title: Words
    group: Group
    options: Callable[[Any], Sequence[Option]] | None = None
    condition: Callable[[str, Any], Q | None] | None = None
    keys: Callable[[str, Any], QuerySet[Any, Any] | None] | None = None
    needs: tuple[Category, ...] = ()
    fields: tuple[tuple[type[Model], str, str], ...] = ()
    clear: tuple[tuple[type[Model], str], ...] = ()

    def is_for(self, reader: object) -> bool:
        """Whether a reader may ask it."""
        return (
            all(access.may(reader, Action.VIEW, category) for category in self.needs)
            and all(
                access.shown(reader, model, name, kind=kind)
                for model, name, kind in self.fields
            )
            and all(access.in_clear(reader, model, name) for model, name in self.clear)
        )

    def rows(self, rows: QuerySet[Any], value: str, reader: Any) -> QuerySet[Any]:
        """Return those of some rows that an answer finds.

        Raises ValueError for what is no answer, whoever may not ask finds nothing.
        """
        if not self.is_for(reader):
            return rows.none()
        found: Q | None
        if self.keys is not None:
            keys = self.keys(value, reader)
            found = None if keys is None else Q(pk__in=keys)
        else:
            assert self.condition is not None  # noqa: S101 - one of both is given
            found = self.condition(value, reader)
        if found is None:
            raise ValueError(value)
        for category in self.needs:
            scope = access.scope_of(reader, Action.VIEW, category)
            if category not in HEEDED and scope not in (None, Scope.ALL):
                found &= access.assigned_to(reader, scope)
        return rows.filter(found)

    def words(self, value: str, reader: Any = None) -> str:
        """Return an answer in words."""
        options = dict(self.options(reader)) if self.options else {}
        return f"{self.title}: {options.get(value, value)}"


_FILTERS: dict[tuple[type[Model], str], ListFilter] = {}


def register(found: ListFilter) -> None:
    """Make a filter known; a second one of the same code replaces the first."""
    _FILTERS[found.model, found.code] = found
    if found.options is None:
        saved_views.register_text(found.model._meta.label_lower, found.code)


def of(model: type[Model]) -> list[ListFilter]:
    """Return all filters of a table, in the order of their groups."""
    order = list(Group)
    mine = [each for (table, _code), each in _FILTERS.items() if table is model]
    return sorted(mine, key=lambda each: order.index(each.group))


def named(model: type[Model], code: str) -> ListFilter | None:
    """Return one of them."""
    return _FILTERS.get((model, code))
