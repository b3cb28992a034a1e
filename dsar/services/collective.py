"""Requests about many people, each of whom is erased as if alone.

For decisions of the controller: a list that should never have been taken in, an order
of the authority. Two people decide about the whole, and it is carried out at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from dsar.models import Request
from dsar.scope import KIND
from dsar.services import identity, intake
from register.actors import Actor
from register.datamap.graph import graph
from register.errors import DomainError


@transaction.atomic
def open_for_people(
    subject_ids: Collection[uuid.UUID],
    *,
    channel: Request.Channel | str,
    received_at: datetime,
    reason: str = "",
    actor: Actor,
) -> Request:
    """Register a request to erase these contacts, who are different people.

    ``reason`` names no person: it says whose decision it is. Refuses nobody, and a
    contact that is not there.
    """
    if not subject_ids:
        raise DomainError("nobody_chosen", _("There is nobody to erase."))
    people = graph().root(KIND).model._base_manager.filter(pk__in=subject_ids)
    if people.count() < len(set(subject_ids)):
        # Whoever was erased is in the ledgers still, and cannot be erased again.
        raise DomainError(
            "unknown_person", _("There is no such person any more; search again.")
        )
    request = intake.open_request(
        kind=Request.Kind.ERASURE,
        channel=channel,
        received_at=received_at,
        is_collective=True,
        reason=reason,
        actor=actor,
    )
    return identity.confirm_person(request, subject_ids=subject_ids, actor=actor)
