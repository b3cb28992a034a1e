"""What speaks against bringing somebody in: asked of the apps above, which register it.

A blocker either keeps a row that would add somebody new out, for example because the
person was erased and has refused, or marks it for whoever approves the import.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection

from django.utils.functional import Promise

from contacts.services.imports.rows import Person


@dataclasses.dataclass(frozen=True, slots=True)
class Blocker:
    """``find`` returns those of some addresses, in normal form, that are concerned.

    ``knows_erased`` says that it recognises everybody who was ever erased.
    """

    code: str
    label: str | Promise
    find: Callable[[Collection[str]], Collection[str]]
    keeps_out: bool
    knows_erased: bool = False


BLOCKERS: dict[str, Blocker] = {}


def register_blocker(blocker: Blocker) -> None:
    """Make a blocker known. A second one of the same code replaces the first."""
    BLOCKERS[blocker.code] = blocker


def know_all_erased() -> bool:
    """Whether everybody who was erased is recognised, also who refused nothing."""
    return any(blocker.knows_erased for blocker in BLOCKERS.values())


def consider(people: Collection[Person], *, is_trial: bool) -> None:
    """Note on each row what speaks against it. Marks are for the dry run only."""
    addresses = {value for row in people for value in (*row.emails, *row.phones)}
    if not addresses:
        return
    for blocker in BLOCKERS.values():
        if not (blocker.keeps_out or is_trial):
            continue
        concerned = blocker.find(addresses)
        if not concerned:
            continue
        for person in people:
            if not any(v in concerned for v in (*person.emails, *person.phones)):
                continue
            if blocker.keeps_out:
                person.blocked.append(blocker.code)
            else:
                person.marks.add(blocker.code)
