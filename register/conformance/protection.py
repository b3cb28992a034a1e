"""Clause N9.3: the technical protection of the database, the trail and the files."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from register import audit
from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    look_at,
)
from register.conformance.since import is_new
from register.database import drift
from register.services import verification
from register.settings_checks import check_settings

# Entries are sealed every minute.
SEALED_WITHIN = timedelta(minutes=15)
# A verification is ordered every day.
VERIFIED_WITHIN = timedelta(days=2)


@live_check(
    "database_rules_stand",
    "N9.3",
    promise=_(
        "The database enforces the rules: row security, due instants, and ledgers that nobody can rewrite."
    ),
    remedy=_("Run manage.py migrate, and find out who changed the database."),
    labels={},
)
def database_rules_stand(board: Board) -> Finding:
    """Compare the live database with what the data map says it must be."""
    differences = [text for _, text in board.once(drift.differences_by_table)]
    return judge(not differences, differences=differences)


@live_check(
    "audit_trail_whole",
    "N9.3",
    promise=_(
        "The newest part of the audit trail is sealed and unchanged, and its end is not cut off."
    ),
    remedy=_(
        "Run manage.py audit_verify for the whole trail, and treat a change as a breach."
    ),
    link="admin:register_auditentry_changelist",
    labels={
        "seals": _("Seals checked"),
        "entries": _("Entries checked"),
        "problems": _("Signs of tampering"),
        "unsealed_since_at": _("Not sealed since"),
    },
)
def audit_trail_whole(board: Board) -> Finding:
    """Check the newest seals, and that sealing goes on."""
    found = audit.verify_newest(at=board.at)
    is_late = (
        found.unsealed_since is not None
        and found.unsealed_since < board.at - SEALED_WITHIN
    )
    return judge(
        not found.problems and not is_late,
        seals=found.seals,
        entries=found.entries,
        problems=[str(problem) for problem in found.problems],
        unsealed_since_at=found.unsealed_since if is_late else None,
    )


@live_check(
    "audit_trail_verified",
    "N9.3",
    promise=_(
        "The whole audit trail is verified every day, without a sign of tampering."
    ),
    remedy=_(
        "See that the worker and the scheduler are running. Run manage.py audit_verify, and treat a change as a breach."
    ),
    link="admin:register_auditentry_changelist",
    labels={"problems": _("Signs of tampering")},
)
def audit_trail_verified(board: Board) -> Finding:
    """Look at the newest verification of the whole trail."""
    last = verification.last()
    if last is None:
        return judge(is_new(board, within=VERIFIED_WITHIN), last_run_at=None)
    is_recent = last.at > board.at - VERIFIED_WITHIN
    return judge(
        is_recent and not last.problems, last_run_at=last.at, problems=last.problems
    )


@live_check(
    "settings_are_safe",
    "N9.3",
    promise=_(
        "The installation runs with its secrets set, without debugging, and in production over encrypted connections only."
    ),
    remedy=_("Correct the settings; manage.py check names them."),
    labels={"unsafe": _("Unsafe or missing")},
)
def settings_are_safe(board: Board) -> Finding:
    """Look at the settings of the process that runs the check."""
    unsafe = [finding.id or "" for finding in check_settings()]
    if settings.DEBUG:
        unsafe.append("DEBUG")
    if getattr(settings, "REQUIRE_OWN_SERVERS", False):
        unsafe += [
            name
            for name in ("SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE")
            if not getattr(settings, name)
        ]
    return judge(not unsafe, unsafe=unsafe)


look_at(
    "servers_in_the_eea",
    "N9.3",
    what=_(
        "Where the servers, their backups and those who run them are, and how they are protected: it stands in the contracts."
    ),
)
