"""While a request about somebody is under way, the records it is about stay apart."""

from __future__ import annotations

import uuid

from django.utils.translation import gettext_lazy as _

from contacts.services.merging.kinds import Objection, register_objection
from dsar.models import Request
from dsar.scope import KIND
from register.datamap.graph import graph

# Before these, what was found can still be found again.
_EARLY = [Request.State.RECEIVED, Request.State.IDENTIFIED, Request.State.CLOSED]


def is_under_way(kept: uuid.UUID, gone: uuid.UUID) -> bool:
    """Whether a request collects, answers or erases now what is about either."""
    under_way = Request.objects.exclude(state__in=_EARLY)
    return under_way.filter(people__subject_id__in=[kept, gone]).exists()


def register() -> None:
    """Make the objection known; called once, when the app is ready."""
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
