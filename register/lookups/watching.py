"""The job that watches: it reads the audit trail seal by seal and counts.

A seal lists the entries it covers, each entry has exactly one, and seals commit one
after the other. So the number of the last seal read is a position that misses nothing,
although transactions commit out of order. A seal is one transaction with its position:
killed, it is read again, and counting again changes nothing.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from register.datamap.graph import graph
from register.lookups import rules, special, trail
from register.lookups.days import Days, Key, keep_counts, usual_of
from register.lookups.rules import Code, in_force, limit
from register.lookups.trail import Entry
from register.models import (
    ApiKey,
    AuditSeal,
    LookupDay,
    LookupPosition,
    LookupRule,
    User,
)
from register.services.lookup_alerts import Matter, Occasion, raise_or_grow

# At a million entries a day a seal comes every quarter of an hour of work, or each minute.
SEALS_A_RUN = 60
# No transaction is longer than a job may run: an hour, at a seal each minute.
SEALS_OF_LONG_TRANSACTIONS = 100
# The first run reads back so far, to know what is usual.
HISTORY = timedelta(days=31)


def watch(*, at: datetime | None = None, most: int = SEALS_A_RUN) -> int:
    """Read what has been sealed since the last run; return how many seals were read."""
    for read in range(most):
        if not _read_next_seal(at or timezone.now()):
            return read
    return most


@transaction.atomic
def _read_next_seal(at: datetime) -> bool:
    LookupPosition.objects.bulk_create([LookupPosition()], ignore_conflicts=True)
    position = LookupPosition.objects.select_for_update().get()
    if position.seal_id == 0:
        old = AuditSeal.objects.filter(sealed_at__lt=at - HISTORY)
        position.seal_id = old.aggregate(last=Max("pk"))["last"] or 0
    seal = AuditSeal.objects.filter(pk__gt=position.seal_id).order_by("pk").first()
    if seal is None:
        return False
    _read(seal)
    position.seal_id, position.moved_at = seal.pk, at
    position.save()
    return True


def _read(seal: AuditSeal) -> None:
    lists_of = graph().root("contact").model._meta.label_lower
    entries = trail.entries_in(seal.entry_ids, lists_of=lists_of)
    if not entries:
        return
    known = _known(entries)
    entries = [entry for entry in entries if entry.actor_id in known]
    last = _last_entry(seal)
    days = keep_counts(entries, last=last, lists_of=lists_of)
    staff = [entry for entry in entries if entry.actor_kind == "staff"]
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for entry in staff:
        by_day[entry.day].append(entry)
    for day in sorted({day for _, day in days}):
        watched = in_force(day)
        if not watched:
            continue
        of_day = {key: value for key, value in days.items() if key[1] == day}
        _judge_numbers(of_day, watched, last)
        special.judge(by_day[day], of_day, watched, last)
    _judge_people([entry for entry in staff if entry.is_look], last)


def _last_entry(seal: AuditSeal) -> int:
    """Return the last entry that may be counted: what came late goes with what did not."""
    seals = AuditSeal.objects.filter(pk__lte=seal.pk).order_by("-pk")
    lately = seals.values_list("entry_ids", flat=True)[:SEALS_OF_LONG_TRANSACTIONS]
    return max(int(ranges[-1][1]) for ranges in lately)


def _known(entries: Iterable[Entry]) -> set[str]:
    """Return the accounts and keys that still exist."""
    staff = {e.actor_id for e in entries if e.actor_kind == "staff"}
    keys = {e.actor_id for e in entries if e.actor_kind == "api_key"}
    return {
        *map(str, User.objects.filter(pk__in=staff).values_list("pk", flat=True)),
        *map(str, ApiKey.objects.filter(pk__in=keys).values_list("pk", flat=True)),
    }


# Which number of a day each rule is about.
_NUMBERS: dict[str, str] = {
    Code.MANY_IN_DAY: "people",
    Code.MANY_IN_HOUR: "people_in_hour",
    Code.LONG_LISTS: "listed",
    Code.REFUSED: "refused",
}


def _judge_numbers(days: Days, watched: dict[str, LookupRule], last: int) -> None:
    """Compare the numbers of a day with the limits of the rules."""
    usual = usual_of(list(days))
    for key, row in days.items():
        numbers = {Code.API_KEY: "people"} if row.api_key_id else _NUMBERS
        for code, number in numbers.items():
            rule = watched.get(code)
            if rule is None or getattr(row, number) < rule.floor:
                continue
            own, of_role = usual.of(key, number)
            allowed = limit(rule, usual=own, usual_of_role=of_role)
            if getattr(row, number) < allowed.threshold:
                continue
            matter = Matter(code, row.account_id, row.api_key_id)
            closed_at = special.closed_until(matter)
            counted, looks = _counted_since(row, key, code, closed_at, last)
            if looks and counted >= allowed.threshold:
                newest = looks[-1]
                occasion = Occasion(
                    row.day, counted, allowed, looks[0].id, newest.id, newest.at
                )
                raise_or_grow(matter, occasion)


# By which entries a rule's looks are found again; by looks at people where not named.
_ACTIONS = {Code.REFUSED: {trail.REFUSED}, Code.LONG_LISTS: trail.LISTS}


def _counted_since(
    row: LookupDay, key: Key, code: str, closed_at: datetime | None, last: int
) -> tuple[int, list[Entry]]:
    """Return the number of a day, and its looks or the first and the last of them.

    After an alert that was decided on that day, they are those since then.
    """
    actions = _ACTIONS.get(Code(code), trail.LOOKS)
    start, _end = trail.bounds(row.day)
    if closed_at is None or closed_at < start:
        edges = trail.first_and_last(
            key[0], row.day, actions=actions, first=row.first_entry, last=last
        )
        return getattr(row, _NUMBERS.get(code, "people")), edges
    looks = trail.looks_of(
        key[0],
        row.day,
        actions=actions,
        first=row.first_entry,
        last=last,
        after=closed_at,
    )
    return _count(looks, code), looks


def _count(looks: list[Entry], code: str) -> int:
    if code == Code.REFUSED:
        return len(looks)
    if code == Code.LONG_LISTS:
        return 0  # what is decided is decided for that day
    if code == Code.MANY_IN_HOUR:
        hours: dict[datetime, set[uuid.UUID | None]] = defaultdict(set)
        for entry in looks:
            hour = entry.at.replace(minute=0, second=0, microsecond=0)
            hours[hour].add(entry.subject_id)
        return max((len(people) for people in hours.values()), default=0)
    return len({entry.subject_id for entry in looks})


def _judge_people(looks: list[Entry], last: int) -> None:
    """Look for people who are looked at again and again, or by many."""
    if not looks:
        return
    newest = max(entry.at for entry in looks)
    day = max(entry.day for entry in looks)
    watched = in_force(day)
    pairs = {(e.actor_id, e.subject_id): e for e in looks if e.subject_id is not None}
    since = newest - timedelta(days=rules.CASE_DAYS)
    first = _first_entry(day - timedelta(days=rules.CASE_DAYS))
    begun = {code: _begun(code, since) for code in (Code.NO_CASE, Code.MANY_ACCOUNTS)}
    if rule := watched.get(Code.NO_CASE):
        special.judge_cases(
            pairs, rule, max(since, begun[Code.NO_CASE]), first=first, last=last
        )
    if rule := watched.get(Code.MANY_ACCOUNTS):
        lately = newest - timedelta(days=rules.ACCOUNTS_DAYS)
        special.judge_accounts(
            {person: entry for (_actor, person), entry in pairs.items()},
            rule,
            max(lately, begun[Code.MANY_ACCOUNTS]),
            first=first,
            last=last,
        )


def _first_entry(day: date) -> int:
    """Return an entry before which nobody looked at anything since a day."""
    found = LookupDay.objects.filter(day__gte=day).aggregate(first=Min("first_entry"))
    return found["first"] or 0


def _begun(code: str, since: datetime) -> datetime:
    """Return from when on a rule is in force: what was before is nobody's business."""
    first = LookupRule.objects.filter(code=code).aggregate(day=Min("valid_from"))["day"]
    return trail.bounds(first)[0] if first else since
