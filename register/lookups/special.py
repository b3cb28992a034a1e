"""Rules about whom somebody looked at, and when: not about how many."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime

from register.lookups import trail
from register.lookups.days import Days, Key
from register.lookups.hours import hours_of, is_outside
from register.lookups.people import colleagues_among, with_dealings
from register.lookups.rules import Code, limit
from register.lookups.trail import Entry
from register.models import (
    AddressProtection,
    LookupAlert,
    LookupRule,
    WhereaboutsReader,
    WorkingHours,
)
from register.periods import HELSINKI
from register.services import protections
from register.services.lookup_alerts import Matter, Occasion, raise_or_grow


@dataclasses.dataclass(frozen=True, slots=True)
class Known:
    """What is known of the people and the accounts of some looks."""

    colleagues: dict[uuid.UUID, uuid.UUID | None]
    protected: dict[uuid.UUID, AddressProtection]
    named: set[uuid.UUID]
    hours: dict[uuid.UUID, list[WorkingHours]]
    minutes: dict[tuple[str, datetime], bool] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, looks: list[Entry]) -> Known:
        """Ask about everybody in some looks at once."""
        people = {look.subject_id for look in looks if look.subject_id is not None}
        named = WhereaboutsReader.objects.filter(approved_at__isnull=False)
        return cls(
            colleagues_among(people),
            protections.protections_among(people),
            set(named.values_list("user_id", flat=True)),
            hours_of({uuid.UUID(actor) for actor in {look.actor_id for look in looks}}),
        )

    def among(self, looks: list[Entry], code: str) -> list[Entry]:
        """Return the looks that a rule counts."""
        if code == Code.OUTSIDE_HOURS:
            return [look for look in looks if self._is_outside(look)]
        # Of few people only: most looks need no more than this.
        asked: Collection[uuid.UUID] = (
            self.protected
            if code in (Code.PROTECTED, Code.PROTECTED_OFTEN)
            else self.colleagues
        )
        return [
            look
            for look in looks
            if look.subject_id in asked and self._meets(look, code)
        ]

    def _is_outside(self, look: Entry) -> bool:
        """Whether a look came at an unusual hour: asked once a minute of an account."""
        minute = (look.actor_id, look.at.replace(second=0, microsecond=0))
        if minute not in self.minutes:
            hours = self.hours.get(uuid.UUID(look.actor_id), [])
            self.minutes[minute] = is_outside(look.at, hours)
        return self.minutes[minute]

    def _meets(self, look: Entry, code: str) -> bool:
        person, account = look.subject_id, uuid.UUID(look.actor_id)
        if code in (Code.PROTECTED, Code.PROTECTED_OFTEN):
            is_named = account in self.named
            return self._is_at_protected(look) and is_named == (
                code == Code.PROTECTED_OFTEN
            )
        is_own = person in self.colleagues and self.colleagues[person] == account
        if code == Code.OWN_RECORD:
            return is_own
        return person in self.colleagues and not is_own

    def _is_at_protected(self, look: Entry) -> bool:
        """Whether a person was protected already when looked at.

        Whoever protects an address has the page open, and sees it again when it is done.
        """
        found = self.protected.get(look.subject_id) if look.subject_id else None
        if found is None or look.at < found.set_at:
            return False
        is_setting = (
            str(found.set_by_id) == look.actor_id
            and found.set_at.astimezone(HELSINKI).date() == look.day
        )
        return not is_setting


CODES = (
    Code.OWN_RECORD,
    Code.COLLEAGUES,
    Code.PROTECTED,
    Code.PROTECTED_OFTEN,
    Code.OUTSIDE_HOURS,
)


def judge(
    entries: list[Entry], days: Days, watched: Mapping[str, LookupRule], last: int
) -> None:
    """Judge the looks of staff on one day by the rules that ask whom, and when."""
    looks = [entry for entry in entries if entry.is_look]
    known = Known.of(looks)
    for code in CODES:
        rule = watched.get(code)
        if rule is None:
            continue
        for key in {(e.actor_id, e.day) for e in known.among(looks, code)}:
            _judge_day(rule, key, days[key].first_entry, last)


def _judge_day(rule: LookupRule, key: Key, first: int, last: int) -> None:
    """Count the whole day of an account by a rule that one of its new looks meets."""
    matter = Matter(rule.code, uuid.UUID(key[0]))
    found = trail.looks_of(
        key[0],
        key[1],
        actions=trail.LOOKS,
        first=first,
        last=last,
        after=closed_until(matter),
    )
    known = Known.of(found)
    looks = known.among(found, rule.code)
    people = {entry.subject_id for entry in looks if entry.subject_id is not None}
    by_looks = rule.code in (Code.OWN_RECORD, Code.PROTECTED_OFTEN)
    counted = len(looks) if by_looks else len(people)
    allowed = limit(rule)
    if counted < allowed.threshold:
        return
    raise_or_grow(
        matter,
        Occasion(key[1], counted, allowed, looks[0].id, looks[-1].id, looks[-1].at),
        people=set() if rule.code == Code.OUTSIDE_HOURS else people,
    )


def judge_cases(
    pairs: Mapping[tuple[str, uuid.UUID], Entry],
    rule: LookupRule,
    since: datetime,
    *,
    first: int,
    last: int,
) -> None:
    """Find people whom an account opened on several days without any work on them."""
    closed = _closed_matters(rule.code, since)
    asked = [
        (actor, person, max(since, closed.get((actor, person), since)))
        for actor, person in pairs
    ]
    found = trail.looks_without_work(asked, first=first, last=last, days=rule.floor)
    busy = with_dealings({person for _, person, *_ in found}, since=since)
    for actor, person, days, first_entry, last_entry in found:
        if person in busy:
            continue
        entry = pairs[actor, person]
        occasion = Occasion(
            entry.day, days, limit(rule), first_entry, last_entry, entry.at
        )
        matter = Matter(rule.code, uuid.UUID(actor), person=person)
        raise_or_grow(matter, occasion, people=[person])


def judge_accounts(
    people: Mapping[uuid.UUID, Entry],
    rule: LookupRule,
    since: datetime,
    *,
    first: int,
    last: int,
) -> None:
    """Find people whom unusually many accounts opened."""
    closed = _closed_matters(rule.code, since)
    asked = [(one, max(since, closed.get(("", one), since))) for one in people]
    for person, accounts, first_entry, last_entry in trail.looked_at_by_many(
        asked, first=first, last=last, accounts=rule.floor
    ):
        entry = people[person]
        occasion = Occasion(
            entry.day, accounts, limit(rule), first_entry, last_entry, entry.at
        )
        raise_or_grow(Matter(rule.code, person=person), occasion, people=[person])


def closed_until(matter: Matter) -> datetime | None:
    """Return up to which look a matter has been decided, if it has been."""
    closed = matter.alerts().filter(closed_at__isnull=False).first()
    return closed.last_at if closed else None


def _closed_matters(
    code: str, since: datetime
) -> dict[tuple[str, uuid.UUID], datetime]:
    """Return until when matters were decided, of those that reach into the period."""
    rows = LookupAlert.objects.filter(
        rule=code,
        closed_at__isnull=False,
        last_at__gt=since,
        people__subject_id__isnull=False,
    ).values_list("account_id", "people__subject_id", "last_at")
    found: dict[tuple[str, uuid.UUID], datetime] = {}
    for account, person, at in rows:
        key = ("" if code == Code.MANY_ACCOUNTS else str(account), person)
        found[key] = max(at, found.get(key, at))
    return found
