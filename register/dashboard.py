"""What the overview page shows: a registry that each app fills with its own figures.

A figure or plot names the category of data it counts; who may not see the category
does not see the figure, because numbers betray too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from django.utils import formats
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register import access
from register.datamap.vocabulary import Action, Category
from register.models import OverviewArrangement

Text = str | Promise
TIME = _("Time")


@dataclasses.dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it means and where it leads. ``mark`` is good, warn or bad."""

    title: Text
    value: str | int
    hint: Text = ""
    url: str = ""
    mark: str = ""

    @property
    def shown(self) -> str:
        """The value, a large number with its thousands apart."""
        if isinstance(self.value, str):
            return self.value
        return str(formats.number_format(self.value, force_grouping=True))


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """Bars; also shown as a table to those who cannot see bars.

    ``axis`` says what the labels are, ``more`` are further bars beside the first.
    """

    title: Text
    labels: Sequence[Text]
    values: Sequence[int]
    unit: Text
    axis: Text = TIME
    more: Sequence[tuple[Text, Sequence[int]]] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    code: str
    title: Text
    category: Category
    order: int
    load: Callable[[], Figure | Plot | None]
    may_see: Callable[[object], bool] | None
    load_for: Callable[[object], Figure | Plot | None] | None

    def is_for(self, user: object) -> bool:
        if self.may_see is not None:
            return self.may_see(user)
        return access.may(user, Action.VIEW, self.category)


# From this order on stand plots, before it figures.
FIRST_PLOT = 100
_SOURCES: dict[str, _Source] = {}


def register(
    code: str,
    *,
    title: Text = "",
    category: Category,
    order: int,
    load: Callable[[], Figure | Plot | None] = lambda: None,
    may_see: Callable[[object], bool] | None = None,
    load_for: Callable[[object], Figure | Plot | None] | None = None,
) -> None:
    """Add a figure or plot to the overview; ``order`` sorts, smallest first.

    With a ``title`` each user may hide and move it; without, it always comes first.
    ``load`` may return None where there is nothing worth showing. ``may_see`` asks
    something else than whether the user may see the category. ``load_for`` is asked
    instead of ``load`` where the figure is the user's own.
    """
    _SOURCES[code] = _Source(code, title, category, order, load, may_see, load_for)


@dataclasses.dataclass(frozen=True, slots=True)
class Tile:
    """A part of somebody's overview."""

    code: str
    title: Text
    is_shown: bool
    is_plot: bool


def tiles_of(user: object) -> list[Tile]:
    """Return what ``user`` may arrange, in the order the user gave it.

    What the user has not placed yet (a new part, a new right) comes where it belongs by
    itself, after the part before it.
    """
    own = _arrangement(user)
    return [
        Tile(
            source.code,
            source.title,
            own is None or source.code not in own.hidden,
            source.order >= FIRST_PLOT,
        )
        for source in _sources_for(user, own)
        if source.title
    ]


def for_user(user: object) -> tuple[list[Figure], list[Plot]]:
    """Return what ``user`` may see and wants to see."""
    figures: list[Figure] = []
    plots: list[Plot] = []
    own = _arrangement(user)
    for source in _sources_for(user, own):
        if own is not None and source.title and source.code in own.hidden:
            continue
        loaded = source.load_for(user) if source.load_for else source.load()
        if isinstance(loaded, Figure):
            figures.append(loaded)
        elif loaded is not None:
            plots.append(loaded)
    return figures, plots


def _arrangement(user: object) -> OverviewArrangement | None:
    pk = getattr(user, "pk", None)
    return OverviewArrangement.objects.filter(user=pk).first() if pk else None


def _sources_for(user: object, own: OverviewArrangement | None) -> list[_Source]:
    found = sorted(_SOURCES.values(), key=lambda source: source.order)
    found = [source for source in found if source.is_for(user)]
    placed = {code: place for place, code in enumerate(own.placed)} if own else {}
    if not placed:
        return found
    keys: dict[str, tuple[int, int]] = {}
    before = -1
    for number, source in enumerate(found):
        before = placed.get(source.code, before)
        keys[source.code] = (before, 0 if source.code in placed else number + 1)
    return sorted(found, key=lambda source: (bool(source.title), keys[source.code]))
