"""Requests about many people, each of whom is erased as if alone.

For decisions of the controller: a list that should never have been taken in, an order
of the authority. Two people decide about the whole, and it is carried out at once.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from dsar.models import Request, RequestPerson
from dsar.scope import KIND
from dsar.services import identity, intake
from register import access, audit
from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError

audit.register_actions(
    {"import.erasure_asked": _("asked to erase the people whom an import added")}
)


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


def may_open(user: object) -> bool:
    """Whether the user may register a request and say whom it is about."""
    rights = (Action.ADD, Action.CHANGE)
    return all(access.may(user, right, Category.REQUESTS) for right in rights)


@transaction.atomic
def open_for_source(
    source: models.Model,
    subject_ids: Collection[uuid.UUID],
    *,
    channel: Request.Channel | str,
    received_at: datetime,
    reason: str,
    actor: Actor,
) -> Request:
    """Register a request to erase the people whom ``source`` added, and note it there.

    Leaves out whom an open request about many people is about already. Raises
    PermissionDenied without the rights; refuses nobody, and a decision that is nobody's.
    """
    if not may_open(actor.user):
        raise PermissionDenied
    if not reason.strip():
        raise DomainError(
            "decision_missing", _("Say whose decision it is."), field="reason"
        )
    # Whoever presses the button at the same time finds nobody left.
    advisory_lock(Lock.REQUEST_NUMBER)
    people = set(subject_ids).difference(asked_already())
    request = open_for_people(
        people, channel=channel, received_at=received_at, reason=reason, actor=actor
    )
    audit.record("import.erasure_asked", actor=actor, obj=source, count=len(people))
    return request


def asked_already() -> models.QuerySet[RequestPerson, uuid.UUID]:
    """The keys of those whom an open request about many people is about."""
    people = RequestPerson.objects.filter(request__is_collective=True)
    return people.exclude(request__state=Request.State.CLOSED).values_list(
        "subject_id", flat=True
    )
