"""The looks that an alert was raised by, as they stand in the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from register import audit
from register.activities import ACTIVITIES
from register.lookups import trail
from register.lookups.hours import hours_of, is_outside
from register.lookups.rules import Code
from register.models import AuditEntry, LookupAlert, User
from register.screens.holds import record_in_words
from register.screens.rows import (
    names_of_people,
    names_of_records,
    numbers_of_people,
    person_model,
    url_of,
)

MOST_LOOKS = 200
_ACTIONS = {Code.REFUSED: {trail.REFUSED}, Code.LONG_LISTS: trail.LISTS}


def looks_of(alert: LookupAlert) -> list[AuditEntry]:
    """Return the entries an alert was raised by, newest first, one more than is shown."""
    within = Q()
    for occasion in alert.occasions.all():
        within |= Q(id__range=(occasion.first_entry, occasion.last_entry))
    if not within:
        return []
    entries: QuerySet[AuditEntry] = AuditEntry.objects.filter(within).order_by("-id")
    entries = entries.filter(action__in=_ACTIONS.get(Code(alert.rule), trail.LOOKS))
    people = list(alert.people.values_list("subject_id", flat=True))
    if people:
        entries = entries.filter(subject_id__in=people)
    if alert.account_id or alert.api_key_id:
        entries = entries.filter(actor_id=str(alert.account_id or alert.api_key_id))
    if alert.rule != Code.OUTSIDE_HOURS or alert.account_id is None:
        return list(entries[: MOST_LOOKS + 1])
    hours = hours_of([alert.account_id]).get(alert.account_id, [])
    found = [entry for entry in entries[:5000] if is_outside(entry.at, hours)]
    return found[: MOST_LOOKS + 1]


def in_lines(entries: list[AuditEntry], user: object) -> list[dict[str, Any]]:
    people = {entry.subject_id for entry in entries}
    names = names_of_people(people, user=user)
    numbers = numbers_of_people(people - set(names))
    accounts = {entry.actor_id for entry in entries if entry.actor_kind == "staff"}
    staff = {
        str(each.pk): each.get_full_name()
        for each in User.objects.filter(pk__in=accounts)
    }
    gone = _("a person who is no longer in the register")
    named = names_of_records(
        [(e.object_type, e.object_id) for e in entries if not e.subject_id], user=user
    )
    lines = []
    for entry in entries:
        activity = ACTIVITIES.get(entry.purpose)
        person = entry.subject_id
        lines.append(
            {
                "at": entry.at,
                "who": staff.get(entry.actor_id, ""),
                "what": audit.ACTIONS.get(entry.action, entry.action),
                "purpose": activity.purpose if activity else "–",
                "whom": names.get(person) or numbers.get(person, gone)
                if person
                else named.get((entry.object_type, entry.object_id))
                or record_in_words(entry.object_type, entry.object_id[:8]),
                "url": url_of(person_model(), person) if person in names else "",
                "count": entry.details.get("count"),
            }
        )
    return lines
