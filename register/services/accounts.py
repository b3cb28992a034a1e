"""The life of an account: used, unused, left; and the way back in for who lost it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import actors, audit
from register.actors import Actor
from register.errors import Conflict
from register.models import ApiKey, RightsReview, RoleAssignment, User
from register.models.reviews import REVIEW_EVERY
from register.models.staff import ADMINISTRATOR
from register.services import api_keys, sessions

# Without somebody in each of these nobody can make accounts, or answer a request.
NEVER_EMPTY = ("admin", "dpo")
# So long before an account is disabled the lists say that it will be.
WARNED_BEFORE = timedelta(days=14)


@transaction.atomic
def disable(user: User, *, actor: Actor, reason: str = "left") -> None:
    """Disable the account, end its sessions and the API keys that it made.

    Disabling it twice changes nothing. Raises Conflict for the last active
    administrator or data protection officer, and for one's own account.
    """
    # One at a time, so that two last administrators do not disable each other.
    list(
        User.objects.select_for_update()
        .filter(
            is_active=True,
            pk__in=RoleAssignment.objects.filter(role__code__in=NEVER_EMPTY).values(
                "user"
            ),
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    user = User.objects.select_for_update().get(pk=user.pk)
    if not user.is_active:
        return
    if actor.user is not None and actor.user.pk == user.pk:
        raise Conflict("own_account", _("Nobody disables their own account."))
    if is_last_of_role(user):
        raise Conflict(
            "last_of_role",
            _(
                "This is the last active administrator or data protection officer. Give the role to somebody else first."
            ),
        )
    user.is_active = False
    user.save(update_fields=["is_active"])
    audit.record("staff.disabled", actor=actor, obj=user, reason=reason)
    sessions.end_all(user, actor=actor)
    for key in ApiKey.objects.filter(created_by=user, revoked_at=None):
        api_keys.revoke(key, actor=actor)


@transaction.atomic
def enable(user: User, *, actor: Actor) -> None:
    """Let the holder log in again, with the roles the account has. Keys stay revoked."""
    if User.objects.filter(pk=user.pk, is_active=False).update(
        is_active=True, enabled_at=timezone.now()
    ):
        audit.record("staff.enabled", actor=actor, obj=user)


def is_last_of_role(user: User) -> bool:
    """Whether nobody else in use has a role that must not be empty."""
    held = user.roles.filter(code__in=NEVER_EMPTY).values_list("code", flat=True)
    return any(
        not User.objects.filter(is_active=True, assignments__role__code=code)
        .exclude(pk=user.pk)
        .exists()
        for code in held
    )


@transaction.atomic
def remove_second_factors(user: User, *, actor: Actor) -> int:
    """Remove every second factor of somebody who lost theirs, and end their sessions.

    Where a role requires one, the next log-in sets a new one up.
    """
    found = Authenticator.objects.filter(user_id=user.pk)
    count = found.count()
    found.delete()
    if count:
        audit.record(
            "staff.second_factor_removed",
            actor=actor,
            obj=user,
            kind="all",
            count=count,
        )
    sessions.end_all(user, actor=actor)
    return int(count)


@transaction.atomic
def review(user: User, outcome: str, *, actor: Actor) -> RightsReview:
    """Note that the rights of an account were looked at. Raises ValidationError."""
    found = RightsReview(user=user, outcome=outcome, reviewed_by=actor.user)
    found.full_clean()
    found.save()
    audit.record("staff.rights_reviewed", actor=actor, obj=user, state=outcome)
    return found


def review_overdue(at: datetime | None = None) -> QuerySet[User]:
    """Return accounts in use whose rights nobody looked at for a year."""
    limit = (at or timezone.now()) - REVIEW_EVERY
    reviewed = RightsReview.objects.filter(reviewed_at__gte=limit)
    return User.objects.filter(is_active=True, created_at__lt=limit).exclude(
        pk__in=reviewed.values("user")
    )


def without_required_factor() -> QuerySet[User]:
    """Return accounts in use that a role asks for a second factor, and have none."""
    asked = RoleAssignment.objects.filter(
        Q(role__requires_second_factor=True) | Q(role__code=ADMINISTRATOR)
    )
    factors = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    return User.objects.filter(is_active=True, pk__in=asked.values("user")).exclude(
        pk__in=factors.values("user")
    )


# --- unused accounts ------------------------------------------------------------------


def in_use() -> QuerySet[Any]:
    """Return active accounts with ``used_at``: the last log-in, or being made or enabled."""
    return User.objects.filter(is_active=True).annotate(
        used_at=Greatest("last_login", "created_at", "enabled_at")
    )


def ends_unused_at(used_at: datetime) -> datetime:
    """Return when an account is disabled that is not used any more."""
    return used_at + timedelta(days=settings.ACCOUNT_UNUSED_DAYS)


def disable_unused() -> int:
    """Disable accounts that nobody used for long; return how many.

    The last administrator and the last data protection officer stay, however long they
    are away.
    """
    limit = timezone.now() - timedelta(days=settings.ACCOUNT_UNUSED_DAYS)
    count = 0
    for user in in_use().filter(used_at__lt=limit).order_by("used_at"):
        try:
            disable(user, actor=actors.system("access_control"), reason="unused")
        except Conflict:
            continue
        count += 1
    return int(count)
