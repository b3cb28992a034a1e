"""Working hours: whether a look came at an hour that is unusual for the role."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from register.models import RoleAssignment, WorkingHours
from register.periods import HELSINKI
from register.working_days import FINNISH_HOLIDAYS

SATURDAY, SUNDAY = 5, 6


def hours_of(accounts: Collection[uuid.UUID]) -> dict[uuid.UUID, list[WorkingHours]]:
    """Return the hours of each account: those of its roles, else those of all others.

    An empty list means that no hour is unusual: nobody set hours.
    """
    of_role = {each.role_id: each for each in WorkingHours.objects.all()}
    others = of_role.get(None)
    found: dict[uuid.UUID, list[WorkingHours]] = defaultdict(list)
    for account, role in RoleAssignment.objects.filter(
        user_id__in=accounts
    ).values_list("user_id", "role_id"):
        own = of_role.get(role, others)
        if own is not None:
            found[account].append(own)
    for account in accounts:
        if account not in found and others is not None:
            found[account].append(others)
    return dict(found)


def is_outside(at: datetime, hours: list[WorkingHours]) -> bool:
    """Whether an instant lies outside all of some working hours, by the clock in Finland.

    Sundays and public holidays are outside; eves are ordinary days (LEGAL T5). Nothing
    is outside for who works in shifts in one of their roles.
    """
    if not hours or any(each.is_shift for each in hours):
        return False
    local = at.astimezone(HELSINKI)
    day = local.date()
    if day.weekday() == SUNDAY or day in FINNISH_HOLIDAYS:
        return True
    time = local.time()
    return not any(
        each.begins <= time < each.ends
        and (day.weekday() != SATURDAY or each.on_saturdays)
        for each in hours
    )
