"""While a request about somebody is open, the records it is about stay as they are."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.services.imports.touched import register_claim
from contacts.services.merging.kinds import Objection, register_objection
from dsar.models import Request, RequestPerson
from dsar.scope import KIND
from register.datamap.graph import graph

# Before these, what was found can still be found again.
_EARLY = [Request.State.RECEIVED, Request.State.IDENTIFIED, Request.State.CLOSED]


def is_under_way(kept: uuid.UUID, gone: uuid.UUID) -> bool:
    """Whether a request collects, answers or erases now what is about either."""
    under_way = Request.objects.exclude(state__in=_EARLY)
    return under_way.filter(people__subject_id__in=[kept, gone]).exists()


def is_open(kept: uuid.UUID, gone: uuid.UUID) -> bool:
    """Whether a request is open about the one record that both are: it is about both."""
    return _people_of_open().filter(subject_id__in=[kept, gone]).exists()


def asked_about(keys: Collection[uuid.UUID]) -> Iterable[uuid.UUID]:
    """Return those of some people about whom a request is open."""
    found = _people_of_open().filter(subject_id__in=keys)
    return found.values_list("subject_id", flat=True)


def _people_of_open() -> QuerySet[RequestPerson]:
    return RequestPerson.objects.exclude(request__state=Request.State.CLOSED)


def register() -> None:
    """Make the objections known; called once, when the app is ready."""
    register_claim(
        "request",
        _("A request of this person is open."),
        asked_about,
    )
    register_objection(
        Objection(
            "request_open",
            graph().root(KIND).label,
            _("A request of this person is open. Undo the merge when it is closed."),
            is_open,
            is_to_undoing=True,
        )
    )
    register_objection(
        Objection(
            "request_under_way",
            graph().root(KIND).label,
            _(
                "A request of this person is being answered. Merge the records when it is closed."
            ),
            is_under_way,
        )
    )
