"""Ending sessions of members of staff: by themselves, and by an administrator."""

from __future__ import annotations

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from register import audit
from register.actors import Actor
from register.models import User


@transaction.atomic
def end(user: User, sessions: QuerySet[UserSession], *, actor: Actor) -> int:
    """End those of the user's sessions that are among ``sessions``; return how many."""
    keys = list(sessions.filter(user=user).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(user=user, session_key__in=keys).delete()
    if keys:
        audit.record("staff.sessions_ended", actor=actor, obj=user, count=len(keys))
    return len(keys)


def end_all(user: User, *, actor: Actor) -> int:
    """End every session of the user; return how many there were."""
    return end(user, UserSession.objects.all(), actor=actor)


def sweep_ended(user: User | None = None) -> int:
    """Forget sessions that have ended by themselves; return how many."""
    listed = UserSession.objects.filter(user=user) if user else UserSession.objects
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    return int(listed.exclude(session_key__in=alive).delete()[0])
