"""Stopping, continuing and extending the legal clock of a request (GDPR Art. 12(3))."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models import Request, RequestEvent, SuspensionReason
from dsar.services import requests
from register.actors import Actor
from register.errors import DomainError


@transaction.atomic
def suspend(
    request: Request,
    *,
    reason: SuspensionReason | str,
    actor: Actor,
    at: datetime | None = None,
) -> Request:
    """Stop the clock while the person is asked for what the answer cannot do without."""
    if reason not in SuspensionReason.values:
        raise DomainError("reason_missing", _("Say why the clock is stopped."))
    return _note(
        request, RequestEvent.Kind.SUSPENDED, actor=actor, at=at, reason=str(reason)
    )


@transaction.atomic
def resume(request: Request, *, actor: Actor, at: datetime | None = None) -> Request:
    """Let the clock go on: what it waited for arrived."""
    return _note(request, RequestEvent.Kind.RESUMED, actor=actor, at=at)


@transaction.atomic
def extend(
    request: Request, *, reasons: str, actor: Actor, at: datetime | None = None
) -> Request:
    """Note that the person was told, within the first month, of more time and why."""
    return _note(
        request, RequestEvent.Kind.EXTENDED, actor=actor, at=at, reason=reasons
    )


def _note(
    request: Request,
    kind: RequestEvent.Kind,
    *,
    actor: Actor,
    at: datetime | None,
    reason: str = "",
) -> Request:
    request = requests.lock(request)
    requests.require_open(request)
    if at is not None and at > timezone.now():
        raise DomainError(
            "event_in_future", _("This has not happened yet; correct the time.")
        )
    requests.add_event(request, kind, actor=actor, at=at, reason=reason)
    requests.record(f"request.{kind}", request, actor=actor)
    return request
