"""What each account did on each day, and what is usual for it and its role."""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from statistics import median

from register.lookups import trail
from register.lookups.rules import FEWEST_DAYS, USUAL_DAYS
from register.lookups.trail import Entry
from register.models import LookupDay, RoleAssignment

# An account or API key, and a local day.
Key = tuple[str, date]
Days = dict[Key, LookupDay]
NUMBERS = ("looks", "people", "people_in_hour", "listed", "refused")


def keep_counts(entries: list[Entry], *, last: int, lists_of: str) -> Days:
    """Count the days that entries fall on anew, and return them as they are kept."""
    firsts: dict[Key, Entry] = {}
    for entry in entries:
        key = (entry.actor_id, entry.day)
        if key not in firsts or entry.id < firsts[key].id:
            firsts[key] = entry
    known = _kept(firsts)
    new: set[Key] = set()
    for key, row in known.items():
        row.first_entry = min(row.first_entry, firsts[key].id)
        row.began_at = min(row.began_at, firsts[key].at)
    for key, entry in firsts.items():
        if key not in known:
            is_key = entry.actor_kind == "api_key"
            owner = uuid.UUID(entry.actor_id)
            new.add(key)
            known[key] = LookupDay(
                account_id=None if is_key else owner,
                api_key_id=owner if is_key else None,
                day=key[1],
                began_at=entry.at,
                first_entry=entry.id,
            )
    counts = trail.count_days(
        [(actor, day, known[actor, day].first_entry) for actor, day in known],
        last=last,
        lists_of=lists_of,
    )
    for key, row in known.items():
        for number in NUMBERS:
            # A late seal may end before what has been counted already.
            most = max(getattr(row, number), getattr(counts[key], number))
            setattr(row, number, most)
    LookupDay.objects.bulk_create([known[key] for key in new])
    LookupDay.objects.bulk_update(
        [row for key, row in known.items() if key not in new],
        ["first_entry", "began_at", *NUMBERS],
        batch_size=500,
    )
    return known


def _kept(keys: Iterable[Key]) -> Days:
    wanted = set(keys)
    days = {day for _, day in wanted}
    rows = LookupDay.objects.filter(day__in=days).select_for_update()
    found = {(str(row.account_id or row.api_key_id), row.day): row for row in rows}
    return {key: row for key, row in found.items() if key in wanted}


@dataclasses.dataclass(frozen=True, slots=True)
class Usual:
    """Medians of the weeks before: an account's own, and that of others with its roles."""

    own: dict[tuple[Key, str], int]
    of_role: dict[tuple[Key, str], int]

    def of(self, key: Key, number: str) -> tuple[int | None, int | None]:
        """Return the own usual and the role's, where there were days enough."""
        return self.own.get((key, number)), self.of_role.get((key, number))


def usual_of(keys: list[Key]) -> Usual:
    """Return what is usual for accounts before one day (that of all the keys)."""
    own: dict[tuple[Key, str], int] = {}
    of_role: dict[tuple[Key, str], int] = {}
    if not keys:
        return Usual(own, of_role)
    day = keys[0][1]
    before: dict[str, list[LookupDay]] = defaultdict(list)
    for row in LookupDay.objects.filter(
        day__gte=day - timedelta(days=USUAL_DAYS), day__lt=day
    ):
        before[str(row.account_id or row.api_key_id)].append(row)
    holders: dict[int, set[str]] = defaultdict(set)
    roles: dict[str, set[int]] = defaultdict(set)
    for account, role in RoleAssignment.objects.values_list("user_id", "role_id"):
        holders[role].add(str(account))
        roles[str(account)].add(role)
    for key in keys:
        others = set().union(*(holders[role] for role in roles[key[0]])) - {key[0]}
        theirs = [row for other in others for row in before.get(other, ())]
        for number in NUMBERS:
            for rows, kept in ((before.get(key[0], []), own), (theirs, of_role)):
                if len(rows) >= FEWEST_DAYS:
                    values = [getattr(row, number) for row in rows]
                    kept[key, number] = int(median(values))
    return Usual(own, of_role)
