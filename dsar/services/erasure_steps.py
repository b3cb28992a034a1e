"""What planning and carrying out an erasure have in common."""

from __future__ import annotations

import dataclasses

from django.utils.translation import gettext_lazy as _

from dsar.mentions.known_by import Identity
from dsar.models import ErasurePlan, Request
from dsar.scope import Scope, scope_of
from dsar.services import requests
from dsar.services.erasure_identity import gather
from dsar.services.erasure_plan import fingerprint, obstacles
from dsar.services.erasure_rows import Selection, select
from register import audit
from register.errors import DomainError

APPROVAL = "dsar.erasure"
ERASE = "dsar.erase"
PLAN = "dsar.plan_erasure"
PURPOSE = "data_subject_rights"

audit.register_actions(
    {
        "erasure.planned": _("planned an erasure"),
        "erasure.submitted": _("asked for the approval of an erasure"),
        "erasure.discarded": _("discarded the plan of an erasure"),
        "erasure.outdated": _("stopped an erasure whose plan no longer fitted"),
        "contact.erased": _("erased a person"),
    }
)


class PlanOutdated(DomainError):
    """What the plan says is no longer what would be done."""

    def __init__(self) -> None:
        super().__init__(
            "plan_outdated",
            _(
                "The register has changed since the erasure was planned: records were added or have ended. Make the plan again and have it approved."
            ),
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Looked:
    """What an erasure would touch now, rows past their due instant included."""

    scope: Scope
    selection: Selection
    identity: Identity


def require_free_and_current(
    request: Request, scope: Scope | None = None, plan: ErasurePlan | None = None
) -> Looked:
    """Return what the approved plan touches. Refuses if it no longer fits."""
    scope, plan = scope or confirmed_scope(request), plan or request.plan
    looked = Looked(scope, select(scope, also_due=True), gather(request, scope))
    existing = looked.selection.existing()
    for obstacle in obstacles(request, scope, existing, looked.identity):
        raise obstacle
    if plan.fingerprint != fingerprint(existing, plan):
        raise PlanOutdated
    return looked


def lock_for_planning(request: Request) -> Request:
    """Return the request, locked, if an erasure can be planned for it."""
    request = requests.lock(request)
    requests.require_open(request)
    if request.kind != Request.Kind.ERASURE:
        raise DomainError(
            "not_an_erasure", _("This request does not ask for an erasure.")
        )
    if request.state == Request.State.EXECUTING:
        raise DomainError(
            "erasure_approved", _("The erasure was approved and is being carried out.")
        )
    return request


def confirmed_scope(request: Request) -> Scope:
    scope = scope_of(request)
    if scope.is_empty:
        raise DomainError(
            "person_not_confirmed",
            _("Confirm first whom the request is about, then plan the erasure."),
        )
    return scope


def require_state(request: Request, state: Request.State) -> None:
    if request.state != state:
        raise DomainError(
            "wrong_state",
            _("The request has moved on meanwhile; look at its page again."),
        )


def move(request: Request, state: Request.State) -> None:
    request.state = state
    request.save(update_fields=["state"])
