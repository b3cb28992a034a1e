"""Who acts: a member of staff, an API key, the person, or the system itself.

An actor is passed explicitly to every service and ends in the audit trail, together
with the purpose and the number that all entries of one action share.
"""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from django.http import HttpRequest

from register import access
from register.models import AuditEntry

if TYPE_CHECKING:
    from register.models import ApiKey, User

PURPOSE_SESSION_KEY = "purpose"


@dataclasses.dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who acts now, for a purpose (a code of register.activities)."""

    kind: AuditEntry.Actor
    id: str = ""
    purpose: str = ""
    request_id: uuid.UUID = dataclasses.field(default_factory=uuid.uuid4)
    user: User | None = None

    def with_purpose(self, purpose: str) -> Actor:
        """Return the same actor, acting for ``purpose``."""
        return dataclasses.replace(self, purpose=purpose)


def system(purpose: str = "accountability") -> Actor:
    """Return the system as actor: scheduled work and commands."""
    return Actor(AuditEntry.Actor.SYSTEM, purpose=purpose)


def of_user(
    user: User, *, purpose: str = "", request_id: uuid.UUID | None = None
) -> Actor:
    """Return a member of staff as actor; the purpose defaults to that of a role."""
    return Actor(
        AuditEntry.Actor.STAFF,
        id=str(user.pk),
        purpose=purpose or access.default_purpose(user),
        request_id=request_id or uuid.uuid4(),
        user=user,
    )


def of_api_key(key: ApiKey, *, request_id: uuid.UUID | None = None) -> Actor:
    """Return another system as actor."""
    return Actor(
        AuditEntry.Actor.API_KEY,
        id=str(key.pk),
        purpose="customer_relationship",
        request_id=request_id or uuid.uuid4(),
    )


def of_request(request: HttpRequest) -> Actor:
    """Return the logged-in member of staff, with the purpose chosen for the session."""
    user: User = request.user  # type: ignore[assignment]
    return of_user(
        user,
        purpose=str(request.session.get(PURPOSE_SESSION_KEY, "")),
        request_id=getattr(request, "request_id", None),
    )
