"""Reading cells that name what the register has: duties, topics, colleagues and teams.

What is known is fetched once for many cells. A word that is not known is an error of its
row: to add it to the vocabulary for everybody is a decision of its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from contacts.models import Duty, Topic
from contacts.services.imports import cells
from register.models import Team, User

K = TypeVar("K")


def duties() -> Callable[[str], list[str]]:
    """Return a reader of codes of duties."""
    return _several(_words(Duty, "code"), "duty_unknown")


def topics() -> Callable[[str], list[int]]:
    """Return a reader of topics."""
    return _several(_words(Topic, "pk"), "topic_unknown")


def colleagues() -> Callable[[str], uuid.UUID]:
    """Return a reader of colleagues who can log in, by their e-mail address."""
    known = User.objects.filter(is_active=True).values_list("email", "pk")
    return _one({email.casefold(): pk for email, pk in known}, "colleague_unknown")


def teams() -> Callable[[str], int]:
    """Return a reader of names of teams."""
    known = Team.objects.values_list("name", "pk")
    return _one({name.casefold(): pk for name, pk in known}, "team_unknown")


def _words(model: type[Duty] | type[Topic], key: str) -> dict[str, Any]:
    """Return the words still offered, by code and by name in every language."""
    known: dict[str, Any] = {}
    for code, name, value in model.objects.filter(is_offered=True).values_list(
        "code", "name", key
    ):
        known[code.casefold()] = value
        for language, _name in settings.LANGUAGES:
            with translation.override(language):
                known.setdefault(gettext(name).casefold(), value)
    return known


def _one(known: Mapping[str, K], unknown: str) -> Callable[[str], K]:
    def read(cell: str) -> K:
        found = known.get(" ".join(cell.casefold().split()))
        if found is None:
            raise cells.BadCell(unknown)
        return found

    return read


def _several(known: Mapping[str, K], unknown: str) -> Callable[[str], list[K]]:
    read_one = _one(known, unknown)

    def read(cell: str) -> list[K]:
        whole = known.get(" ".join(cell.casefold().split()))
        # A name may hold a comma itself.
        found = (
            [read_one(part) for part in cells.parts_of(cell)]
            if whole is None
            else [whole]
        )
        return list(dict.fromkeys(found))

    return read
