"""Registering a request."""

from __future__ import annotations

from datetime import datetime

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar import clock, selectors
from dsar.models import Request, RequestEvent
from dsar.services import requests
from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.errors import DomainError

# Longer ago than this is a slip of the keyboard, not a forgotten letter.
OLDEST = relativedelta(years=5)


@transaction.atomic
def open_request(
    *,
    kind: Request.Kind | str,
    channel: Request.Channel | str,
    received_at: datetime,
    name: str = "",
    email: str = "",
    phone: str = "",
    other_identifiers: str = "",
    language: str = "fi",
    is_collective: bool = False,
    reason: str = "",
    actor: Actor,
) -> Request:
    """Register a request with its number, its first event and its due date.

    The clock runs from ``received_at``, whenever the request was noticed. A collective
    one is about many people and names none. Refuses a
    receipt in the future or too long ago, and any other request that names nobody.
    """
    require_sensible(received_at)
    advisory_lock(Lock.REQUEST_NUMBER)
    newest = Request.objects.aggregate(newest=Max("number"))["newest"] or 0
    request = Request(
        number=newest + 1,
        kind=kind,
        channel=channel,
        received_at=received_at,
        name=name.strip(),
        email=email.strip(),
        phone=phone.strip(),
        other_identifiers=other_identifiers.strip(),
        language=language,
        is_collective=is_collective,
        handled_by=actor.user,
        due_on=selectors.fold(
            received_at, [clock.Received(received_at)], at=received_at
        ).due_on,
    )
    if not request.identifiers and not is_collective:
        raise DomainError(
            "nobody_named",
            _("Write at least one thing by which the person can be found."),
        )
    request.full_clean()
    request.save()
    requests.add_event(
        request,
        RequestEvent.Kind.RECEIVED,
        actor=actor,
        at=received_at,
        reason=reason,
    )
    requests.record("request.received", request, actor=actor, kind=request.kind)
    return request


def require_sensible(received_at: datetime) -> None:
    """Refuse a receipt in the future or too long ago."""
    now = timezone.now()
    if received_at > now:
        raise DomainError(
            "received_in_future",
            _("A request cannot arrive in the future; correct the time."),
        )
    if received_at < now - OLDEST:
        raise DomainError(
            "received_too_long_ago",
            _(
                "The request would have arrived more than five years ago; correct the time."
            ),
        )
