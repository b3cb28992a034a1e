"""Reminding colleagues of their follow-ups: in the register, and by mail where that is set up.

Each step is claimed by a change of state before it is taken, in one statement. A process
that is killed in between leaves a colleague unreminded by mail at worst, never reminded
twice; in the register the claim itself is the reminder.
"""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils import timezone

from communications.models import FollowUp
from register.clocks import steady_now
from register.models import User

BATCH = 500


def remind_due() -> int:
    """Claim the reminders whose time has come; return how many there were."""
    due = FollowUp.objects.filter(
        done_at=None, reminded_at=None, remind_at__lte=steady_now()
    ).order_by("remind_at")
    keys = list(due.values_list("pk", flat=True)[:BATCH])
    # The conditions again: whoever was first has it, and what was done meanwhile is done.
    return due.order_by().filter(pk__in=keys).update(reminded_at=timezone.now())


def reminders_of(user: User) -> QuerySet[FollowUp]:
    """What the user is reminded of, and has neither done nor put off."""
    return FollowUp.objects.filter(
        ~Q(reminded_at=None), done_at=None, responsible=user
    ).order_by("due_at", "pk")
