"""What can be merged, and who else takes part in it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from django.utils.functional import Promise

from contacts.models import (
    Company,
    CompanyMerge,
    CompanyMergedRow,
    CompanyPair,
    Contact,
    ContactMerge,
    ContactMergedRow,
    ContactPair,
    Merge,
    MergedRow,
    Pair,
)
from contacts.services import search_words
from register import access
from register.datamap.vocabulary import Action, Category
from register.errors import Conflict, DomainError


@dataclasses.dataclass(frozen=True, slots=True)
class Objection:
    """Why an app above lets two records not be merged now, or a merge not be undone.

    ``label`` is the model of the records, ``holds`` is asked with both keys.
    """

    code: str
    label: str
    sentence: str | Promise
    holds: Callable[[uuid.UUID, uuid.UUID], bool]
    is_to_undoing: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Kind:
    """Records of one model with the tables of their merges."""

    model: type[Any]
    merge: type[Merge]
    row: type[MergedRow]
    pair: type[Pair]
    refresh_words: Callable[[list[uuid.UUID]], None]

    @property
    def is_of_people(self) -> bool:
        """Whether the records are people."""
        return self.model is Contact


KINDS: dict[type[Any], Kind] = {
    Contact: Kind(
        Contact,
        ContactMerge,
        ContactMergedRow,
        ContactPair,
        search_words.refresh_with_colleagues,
    ),
    Company: Kind(
        Company,
        CompanyMerge,
        CompanyMergedRow,
        CompanyPair,
        search_words.refresh_of_companies,
    ),
}


def categories_of(model: type[Any]) -> tuple[Category, ...]:
    """Return what a merge of such records changes: whoever merges must be allowed to."""
    if model is Contact:
        return (Category.IDENTITY, Category.COMPANY)
    return (Category.COMPANY,)


def may_merge(user: object, model: type[Any]) -> bool:
    """Whether a user may make two records of this model one."""
    return all(
        access.may(user, Action.CHANGE, category) for category in categories_of(model)
    )


_OBJECTIONS: dict[str, Objection] = {}


def register_objection(objection: Objection) -> None:
    """Let an app above refuse merges, or their undoing."""
    _OBJECTIONS[objection.code] = objection


def objection_to(kind: Kind, kept: uuid.UUID, gone: uuid.UUID) -> DomainError | None:
    """Return the first reason why the two may not be merged."""
    return _first_objection(kind, kept, gone, to_undoing=False)


def objection_to_undoing(
    kind: Kind, kept: uuid.UUID, gone: uuid.UUID
) -> DomainError | None:
    """Return the first reason why the merge of the two may not be undone."""
    return _first_objection(kind, kept, gone, to_undoing=True)


def _first_objection(
    kind: Kind, kept: uuid.UUID, gone: uuid.UUID, *, to_undoing: bool
) -> DomainError | None:
    for each in _OBJECTIONS.values():
        if (each.label, each.is_to_undoing) != (kind.model._meta.label, to_undoing):
            continue
        if each.holds(kept, gone):
            return Conflict(each.code, each.sentence)
    return None


def objection_in_words(code: str) -> str | Promise:
    """Return the sentence of an objection, empty if there is none of this code."""
    found = _OBJECTIONS.get(code)
    return found.sentence if found else ""


def kind_of_merge(merge: Merge) -> Kind:
    """Return the kind of a merge."""
    return KINDS[type(merge).of()]
