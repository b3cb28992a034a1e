"""Closing a request: with an outcome, and with an end to what it kept from ending."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models import ErasurePlan, Request, RequestEvent
from dsar.services import requests
from dsar.services.erasure_steps import APPROVAL
from register.actors import Actor
from register.errors import DomainError
from register.models import Hold
from register.services import approvals, holds

Outcome = Request.Outcome


@transaction.atomic
def close(
    request: Request, *, outcome: Request.Outcome | str, actor: Actor, reason: str = ""
) -> Request:
    """Close a request and release its holds; what is due by then goes at the next sweep.

    With the holds goes the ground for copies of what was said: the redacted texts stand
    in the package until it ends, and nowhere longer than that.

    Refuses an outcome that the steps before do not bear out: a package that nobody
    downloaded was not handed over, and a refusal is told with its reason.
    """
    request = requests.lock(request)
    requests.require_open(request)
    _require_borne_out(request, outcome, reason)
    requests.add_event(request, RequestEvent.Kind.CLOSED, actor=actor, reason=reason)
    request.state = Request.State.CLOSED
    request.outcome = outcome
    request.closed_at = timezone.now()
    request.full_clean()
    request.save()
    requests.record("request.closed", request, actor=actor, state=str(outcome))
    # Nobody is to decide about an erasure that will not be.
    approvals.withdraw(APPROVAL, object_id=request.pk, actor=actor)
    request.findings.exclude(redacted="").update(redacted="")
    for hold in holds_of(request):
        holds.release(hold, actor=actor)
    return request


def holds_of(request: Request) -> list[Hold]:
    """Return the holds in force that the request placed."""
    return list(
        Hold.objects.filter(
            reason=Hold.Reason.ACCESS_REQUEST,
            reference=str(request),
            released_at=None,
        )
    )


def _require_borne_out(request: Request, outcome: str, reason: str) -> None:
    if outcome not in Outcome.values:
        raise DomainError("unknown_outcome", _("Choose how the request ended."))
    if outcome == Outcome.DELIVERED and not _was_taken_out(request):
        raise DomainError(
            "not_downloaded",
            _("Download the package first and hand it over to the person."),
        )
    plan = ErasurePlan.objects.filter(request=request).first()
    if plan is not None and plan.executed_at and outcome != Outcome.ERASED:
        raise DomainError(
            "already_erased",
            _(
                "The person has been erased already; finish the search for what is left."
            ),
        )
    if outcome == Outcome.ERASED and not _was_erased(plan):
        raise DomainError(
            "not_erased",
            _(
                "The erasure has not been carried out and found to be complete; it closes the request itself."
            ),
        )
    if outcome == Outcome.NOT_FOUND and request.people.exists():
        raise DomainError(
            "person_confirmed",
            _("A person was confirmed for this request, so something was found."),
        )
    if outcome == Outcome.REFUSED and not reason.strip():
        raise DomainError(
            "reason_missing", _("Say why it is refused; the person must be told.")
        )


def _was_taken_out(request: Request) -> bool:
    """Whether the newest package says what was decided, and was downloaded."""
    newest = request.packages.order_by("-created_at").first()
    is_current = request.state == Request.State.READY
    return is_current and newest is not None and newest.downloaded_at is not None


def _was_erased(plan: ErasurePlan | None) -> bool:
    """Whether the search after the erasure found nothing, or nothing unlawful."""
    return plan is not None and plan.verified_at is not None and not plan.left_over
