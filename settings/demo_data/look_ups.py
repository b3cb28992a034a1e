"""A look-up that stands out, so that the demo has an alert to look into."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from register import actors, audit
from register.lookups import watching
from register.models import AuditEntry, User

PAGES = ("register.auditentry", "register.user")


def make_look_ups() -> None:
    """Let the salesman have tried pages that his role may not see, and watch it."""
    seller = actors.of_user(User.objects.get(email__startswith="sales@"))
    now = timezone.now()
    for number in range(6):
        AuditEntry.objects.create(
            at=now - timedelta(seconds=20 * (6 - number)),
            action="record.refused",
            actor_kind=seller.kind,
            actor_id=seller.id,
            purpose=seller.purpose,
            object_type=PAGES[number % 2],
        )
    while audit.seal():
        pass
    watching.watch()
