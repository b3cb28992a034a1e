"""Erasing a person (GDPR Art. 17): planned by one, approved by another, then done.

What is done cannot be undone. So nothing is deleted that no plan named and no second
person approved; if the world has moved since, the erasure stops and is planned anew.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from dsar.models import Request, RequestEvent
from dsar.services import requests, verification
from dsar.services.erasure_execution import erase, execute
from dsar.services.erasure_planning import (
    decide_about_namesakes,
    discard,
    is_current,
    order_plan,
    plan,
    planning_job,
)
from dsar.services.erasure_steps import (
    APPROVAL,
    ERASE,
    PLAN,
    PlanOutdated,
    confirmed_scope,
    lock_for_planning,
    look,
    move,
    require_free_and_current,
    require_state,
)
from register import access
from register.actors import Actor
from register.datamap.vocabulary import Category
from register.errors import DomainError
from register.models import Approval, Job
from register.services import approvals, jobs

__all__ = [
    "APPROVAL",
    "ERASE",
    "PLAN",
    "PlanOutdated",
    "decide_about_namesakes",
    "discard",
    "erase",
    "execute",
    "is_current",
    "job_of",
    "look",
    "obstacles_of",
    "order_plan",
    "plan",
    "planning_job",
    "submit",
    "try_again",
]


def obstacles_of(request: Request) -> list[DomainError]:
    """Return what stands in the way of erasing the person now."""
    return look(request).obstacles(request)


@transaction.atomic
def submit(request: Request, *, actor: Actor) -> Approval:
    """Ask a second person to approve the plan.

    Refuses while a hold or an open request for access stands in the way, and when
    the plan no longer fits.
    """
    request = lock_for_planning(request)
    require_state(request, Request.State.PLANNED)
    _require_doable(request)
    approval = approvals.ask(APPROVAL, object_id=request.pk, actor=actor)
    move(request, Request.State.APPROVAL)
    requests.record("erasure.submitted", request, actor=actor)
    return approval


@transaction.atomic
def try_again(request: Request, *, actor: Actor) -> Job:
    """Order the approved erasure once more after its job failed."""
    request = requests.lock(request)
    require_state(request, Request.State.EXECUTING)
    latest = job_of(request)
    if latest is not None and not latest.is_over:
        raise DomainError(
            "job_running", _("The erasure is under way; wait until it ends.")
        )
    return jobs.order(ERASE, object_id=request.pk, actor=actor)


def job_of(request: Request) -> Job | None:
    """Return the newest job of an erasure or of the search after it."""
    kinds = (ERASE, *verification.JOBS)
    found = Job.objects.filter(kind__in=kinds, object_id=str(request.pk))
    return found.order_by("-created_at").first()


def _require_doable(request: Request) -> None:
    """Refuse while something stands in the way, and when the plan no longer fits."""
    confirmed_scope(request)
    require_free_and_current(request, look(request), request.plan)


# --- four eyes ------------------------------------------------------------------------


def _approved(object_id: str, actor: Actor) -> None:
    request = requests.lock(Request(pk=uuid.UUID(object_id)))
    require_state(request, Request.State.APPROVAL)
    _require_doable(request)
    move(request, Request.State.EXECUTING)
    requests.add_event(request, RequestEvent.Kind.APPROVED, actor=actor)
    jobs.order(ERASE, object_id=request.pk, actor=actor)


def _rejected(object_id: str, actor: Actor) -> None:
    request = requests.lock(Request(pk=uuid.UUID(object_id)))
    require_state(request, Request.State.APPROVAL)
    move(request, Request.State.PLANNED)
    requests.add_event(request, RequestEvent.Kind.REJECTED, actor=actor)


def _about(keys: Collection[str], user: object) -> dict[str, str]:
    """Return the number of the request, with the name for who may see it."""
    found = Request.objects.filter(pk__in=keys)
    return {
        str(each.pk): f"{each} {access.as_seen(user, each).name}".strip()
        for each in found
    }


approvals.register_kind(
    approvals.ApprovalKind(
        code=APPROVAL,
        title=_("Erasing a person"),
        category=Category.REQUESTS,
        url=lambda key: reverse("admin:dsar_request_erasure", args=[key]),
        on_approved=_approved,
        on_rejected=_rejected,
        about=_about,
    )
)
