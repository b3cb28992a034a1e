"""Clause N0.1: the board looks after itself."""

from __future__ import annotations

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from register.conformance.clauses import CLAUSES
from register.conformance.registry import (
    CHECKS,
    Board,
    Finding,
    checks_of,
    gaps_of,
    judge,
    live_check,
)
from register.conformance.running import SILENCE
from register.conformance.since import is_new
from register.models import ConformanceRun


@live_check(
    "board_is_live",
    "N0.1",
    promise=_(
        "The clauses are checked every hour, and what is not checked is shown as such."
    ),
    remedy=_("See that the worker and the scheduler are running."),
    link="admin:register_conformancerun_changelist",
    labels={
        "clauses": _("Clauses"),
        "checked": _("Clauses with a live check"),
        "checks": _("Live checks"),
        "people_only": _("Clauses that only people can judge"),
        "not_built": _("Clauses not built yet"),
    },
)
def board_is_live(board: Board) -> Finding:
    """Look when the board was last gone through, and how much of it is live."""
    last = ConformanceRun.objects.aggregate(last=Max("started_at"))["last"]
    is_fresh = last is not None and last > board.at - SILENCE
    checked = [clause for clause in CLAUSES if checks_of(clause)]
    people = [c for c in CLAUSES if c not in checked and gaps_of(c)]
    return judge(
        is_fresh or (last is None and is_new(board)),
        clauses=len(CLAUSES),
        checked=len(checked),
        checks=len(CHECKS),
        people_only=len(people),
        not_built=len(CLAUSES) - len(checked) - len(people),
        last_run_at=last,
    )
