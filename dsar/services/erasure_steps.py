"""What planning and carrying out an erasure have in common."""

from __future__ import annotations

import dataclasses

from django.utils.translation import gettext_lazy as _

from dsar.models import ErasurePlan, Request
from dsar.scope import Scope, scope_of
from dsar.services import requests
from dsar.services.erasure_identity import Gathered, gather
from dsar.services.erasure_plan import fingerprint, obstacles
from dsar.services.erasure_rows import Selection, select, select_to_erase
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
    """What an erasure would touch now, and what its persons are known by."""

    scope: Scope
    selection: Selection
    gathered: Gathered

    def obstacles(self, request: Request) -> list[DomainError]:
        """Return what stands in the way of the erasure now."""
        return obstacles(request, self.scope, self.selection.existing(), self.gathered)

    def is_as_in(self, plan: ErasurePlan) -> bool:
        """Whether carrying out ``plan`` now would do what it says."""
        return plan.fingerprint == fingerprint(self.selection.existing(), plan)


def look(request: Request) -> Looked:
    """Return what an erasure would touch now."""
    scope = scope_of(request)
    return Looked(scope, select(scope), gather(request, scope))


def look_to_erase(request: Request, scope: Scope) -> Looked:
    """Return the same to whoever is about to erase, and locks it."""
    return Looked(scope, select_to_erase(scope), gather(request, scope))


def require_free_and_current(
    request: Request, looked: Looked, plan: ErasurePlan
) -> None:
    """Refuse if something stands in the way, or if the plan no longer fits."""
    for obstacle in looked.obstacles(request):
        raise obstacle
    if not looked.is_as_in(plan):
        raise PlanOutdated


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
