"""What the overview page shows: a registry that each app fills with its own figures.

A figure or plot names the category of data it counts; who may not see the category
does not see the figure, because numbers betray too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from django.utils.functional import Promise

from register import access
from register.datamap.vocabulary import Action, Category

Text = str | Promise


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it means and where it leads. ``mark`` is good, warn or bad."""

    title: Text
    value: str | int
    hint: Text = ""
    url: str = ""
    mark: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """Bars over time; also shown as a table to those who cannot see bars."""

    title: Text
    labels: Sequence[str]
    values: Sequence[int]
    unit: Text


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    category: Category
    order: int
    load: Callable[[], Figure | Plot | None]
    may_see: Callable[[object], bool] | None
    load_for: Callable[[object], Figure | Plot | None] | None

    def is_for(self, user: object) -> bool:
        if self.may_see is not None:
            return self.may_see(user)
        return access.may(user, Action.VIEW, self.category)


_SOURCES: dict[str, _Source] = {}


def register(
    code: str,
    *,
    category: Category,
    order: int,
    load: Callable[[], Figure | Plot | None] = lambda: None,
    may_see: Callable[[object], bool] | None = None,
    load_for: Callable[[object], Figure | Plot | None] | None = None,
) -> None:
    """Add a figure or plot to the overview; ``order`` sorts, smallest first.

    ``load`` may return None where there is nothing worth showing. ``may_see`` asks
    something else than whether the user may see the category. ``load_for`` is asked
    instead of ``load`` where the figure is the user's own.
    """
    _SOURCES[code] = _Source(category, order, load, may_see, load_for)


def for_user(user: object) -> tuple[list[Figure], list[Plot]]:
    """Return what ``user`` may see."""
    figures: list[Figure] = []
    plots: list[Plot] = []
    for source in sorted(_SOURCES.values(), key=lambda source: source.order):
        if not source.is_for(user):
            continue
        loaded = source.load_for(user) if source.load_for else source.load()
        if isinstance(loaded, Figure):
            figures.append(loaded)
        elif loaded is not None:
            plots.append(loaded)
    return figures, plots
