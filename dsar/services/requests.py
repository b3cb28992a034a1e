"""What every step of a request has in common: lock it, note it, keep its due date."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar import selectors
from dsar.clock import ClockError
from dsar.models import Request, RequestEvent
from register import audit, identity_codes
from register.actors import Actor
from register.errors import DomainError

audit.register_actions(
    {
        "request.received": _("registered a request"),
        "request.viewed": _("looked at a request"),
        "request.searched": _("searched for the person of a request"),
        "request.identified": _("confirmed the person of a request"),
        "request.suspended": _("stopped the clock of a request"),
        "request.resumed": _("let the clock of a request go on"),
        "request.extended": _("extended the time to answer a request"),
        "request.collected": _("collected the data for a request"),
        "request.reviewed": _("decided about values of a request"),
        "request.values_viewed": _("looked at values that wait for review"),
        "request.file_opened": _("opened a file that waits for review"),
        "request.closed": _("closed a request"),
        "package.ordered": _("ordered a package of a person's data"),
        "package.made": _("made a package of a person's data"),
        "package.downloaded": _("downloaded a package of a person's data"),
    }
)
audit.register_looks(
    audit.Look.OPENED,
    "request.viewed",
    "request.values_viewed",
    "request.file_opened",
)
audit.register_looks(audit.Look.FOUND, "request.searched", "request.identified")
audit.register_looks(audit.Look.HANDED_OUT, "package.downloaded")


# Steps written down for each person of a collective request.
OF_EACH = ("request.identified",)


def lock(request: Request) -> Request:
    """Return the request as it is now, locked until the transaction ends."""
    return Request.objects.select_for_update(of=("self",)).get(pk=request.pk)


def require_open(request: Request) -> None:
    """Refuse what is closed."""
    if request.state == Request.State.CLOSED:
        raise DomainError(
            "request_closed", _("The request is closed; nothing more is done for it.")
        )


def require_access(request: Request) -> None:
    """Refuse a request that does not ask for a copy of the data."""
    if request.kind != Request.Kind.ACCESS:
        raise DomainError(
            "not_an_access_request", _("This request does not ask for the data.")
        )


def add_event(
    request: Request,
    kind: RequestEvent.Kind,
    *,
    actor: Actor,
    at: datetime | None = None,
    reason: str = "",
) -> RequestEvent:
    """Note that something happened, and bring the due date up to it.

    Raises :class:`DomainError` for an event of the clock that the law does not know,
    and for a personal identity code in the reason.
    """
    identity_codes.refuse(reason, field="reason")
    event = RequestEvent(
        request=request,
        kind=kind,
        at=at or timezone.now(),
        by=actor.user,
        reason=reason.strip(),
    )
    event.full_clean(exclude=["request", "by"], validate_unique=False)
    event.save()
    if kind in selectors.CLOCK_EVENTS:
        recompute(request)
    return event


def recompute(request: Request) -> None:
    """Write the date that the legal clock gives now."""
    try:
        state = selectors.clock_of(request)
    except ClockError as error:
        raise DomainError(
            error.code, _SENTENCES.get(error.code, error.message)
        ) from error
    if request.due_on != state.due_on:
        request.due_on = state.due_on
        request.save(update_fields=["due_on"])


def record(action: str, request: Request, *, actor: Actor, **details: Any) -> None:
    """Write the audit entry of a step, one for each person it is about.

    One alone for a collective request, whose pages show nobody; that somebody was
    confirmed and erased is written for each all the same.
    """
    if request.is_collective and action not in OF_EACH:
        details.setdefault("count", request.people.count())
        audit.record(action, actor=actor, obj=request, **details)
        return
    people: list[uuid.UUID | None] = [
        *request.people.values_list("subject_id", flat=True)
    ]
    audit.record_for_each(people, action, actor=actor, obj=request, **details)


_SENTENCES = {
    "already_suspended": _("The clock is stopped already."),
    "suspended_too_late": _("The time to answer is over; the clock can wait no more."),
    "not_suspended": _("The clock is not stopped."),
    "already_extended": _("The time to answer can be extended only once."),
    "reason_missing": _("Say why the clock is stopped."),
    "reasons_missing": _("Say why more time is needed; the person must be told."),
    "extended_too_late": _(
        "An extension must be told to the person within the first time to answer, and that is over."
    ),
    "out_of_order": _("This cannot have happened before what was noted last."),
    "before_receipt": _("This cannot have happened before the request arrived."),
}
