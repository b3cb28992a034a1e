"""Clause N9.1: look-ups are watched, and what is unusual is looked into."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.conformance.registry import Board, Finding, judge, live_check
from register.lookups.rules import in_force
from register.models import AuditSeal, LookupPosition
from register.services import lookup_alerts

DECIDED_WITHIN = timedelta(days=14)
# The job runs every five minutes; an hour leaves room for a restart.
READ_WITHIN = timedelta(hours=1)


@live_check(
    "unusual_look_ups_are_judged",
    "N9.1",
    promise=_("Unusual look-ups are judged by a person within 14 days."),
    remedy=_(
        "Look into the alerts and close them. Those about an officer wait for another officer or the auditor."
    ),
    link="admin:register_lookupalert_changelist",
    labels={"waiting": _("Alerts that wait"), "late": _("Longer than 14 days")},
)
def unusual_look_ups_are_judged(board: Board) -> Finding:
    """Count, without keys: nobody is to find an alert about themselves by the board."""
    waiting = lookup_alerts.waiting()
    late = waiting.filter(opened_at__lt=board.at - DECIDED_WITHIN).count()
    return judge(not late, waiting=waiting.count(), late=late)


@live_check(
    "look_ups_are_watched",
    "N9.1",
    promise=_("The audit trail is watched for unusual look-ups within the hour."),
    remedy=_(
        "See that the worker and the scheduler are running, and that a rule for look-ups is in force."
    ),
    link="admin:register_lookuprule_watched",
    labels={
        "unread": _("Parts of the trail not read yet"),
        "rules": _("Rules in force"),
    },
)
def look_ups_are_watched(board: Board) -> Finding:
    """Look for seals that the watching has not come to, and for rules to watch by."""
    position = LookupPosition.objects.first()
    unread = AuditSeal.objects.filter(
        pk__gt=position.seal_id if position else 0,
        sealed_at__lt=board.at - READ_WITHIN,
    ).count()
    rules = len(in_force(timezone.localdate(board.at)))
    return judge(not unread and rules > 0, unread=unread, rules=rules)
