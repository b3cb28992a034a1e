"""What other apps know of the people looked at: who is a colleague, who has a case.

The register knows the trail and the staff, not the tables of customers: those apps add
here what they can tell.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection
from datetime import datetime

Ids = Collection[uuid.UUID]
# Of some people: which are staff (``None``: of the controller, account unknown).
_COLLEAGUES: list[Callable[[Ids], dict[uuid.UUID, uuid.UUID | None]]] = []
# Of some people: who has had to do with us since then.
_DEALINGS: list[Callable[[Ids, datetime], set[uuid.UUID]]] = []


def register_colleagues(
    find: Callable[[Ids], dict[uuid.UUID, uuid.UUID | None]],
) -> None:
    """Add a question that finds colleagues among people: person to account, if known."""
    _COLLEAGUES.append(find)


def register_dealings(find: Callable[[Ids, datetime], set[uuid.UUID]]) -> None:
    """Add a question that finds people who have had a case since an instant."""
    _DEALINGS.append(find)


def colleagues_among(people: Ids) -> dict[uuid.UUID, uuid.UUID | None]:
    """Return which of some people are colleagues, with their accounts where known."""
    found: dict[uuid.UUID, uuid.UUID | None] = {}
    for find in _COLLEAGUES if people else ():
        for person, account in find(people).items():
            found[person] = account or found.get(person)
    return found


def with_dealings(people: Ids, *, since: datetime) -> set[uuid.UUID]:
    """Return which of some people have had a case since ``since``."""
    found: set[uuid.UUID] = set()
    for find in _DEALINGS if people else ():
        found |= find(people, since)
    return found
