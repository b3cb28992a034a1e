"""What can be done with the people of an import that apps above offer on its page."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from django.utils.functional import Promise

from contacts.models import ImportBatch


@dataclasses.dataclass(frozen=True, slots=True)
class Link:
    """A way on, with an icon of Material Symbols."""

    text: str | Promise
    url: str
    icon: str


class Load(Protocol):
    """Returns the links beside an import that is done, those that the user may follow."""

    def __call__(self, batch: ImportBatch, *, user: Any) -> list[Link]: ...


_LOADS: dict[str, Load] = {}


def register_links(code: str, load: Load) -> None:
    """Make links known. Those registered later under a code replace the earlier ones."""
    _LOADS[code] = load


def links_of(batch: ImportBatch, *, user: object) -> list[Link]:
    """Return what all apps offer to the user, nothing before the import is done."""
    if batch.state != ImportBatch.State.DONE:
        return []
    return [link for load in _LOADS.values() for link in load(batch, user=user)]
