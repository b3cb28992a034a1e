"""What the overview shows of the board: which promises are broken, and since when."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _, gettext_lazy

from register import dashboard
from register.conformance import running
from register.conformance.clauses import CLAUSES
from register.conformance.registry import Status
from register.dashboard import Figure
from register.datamap.vocabulary import Category

# More than these are read on the board.
NAMED = 2


def _broken_clauses() -> Figure:
    """The newest answer; silence is bad news, too."""
    newest = running.newest()
    broken = sorted(
        (since, clause)
        for clause, (status, since) in running.newest_statuses().items()
        if status == Status.BROKEN
    )
    hint, mark = _("none is broken"), "good"
    if broken:
        hint, mark = _newest_of(broken), "bad"
    if running.is_silent(newest):
        hint, mark = _("not checked for two hours"), "bad"
    if newest is None:
        hint, mark = _("not checked yet"), "warn"
    url = reverse("admin:register_conformancerun_board")
    return Figure(
        gettext_lazy("Broken promises of the notice"),
        len(broken) if newest else "–",
        hint,
        f"{url}?status=broken" if broken else url,
        mark,
    )


def _newest_of(broken: list[tuple[datetime, str]]) -> str:
    """Say in words which promises broke last, in the order of the notice, and when."""
    last = max(since for since, _clause in broken)
    named = {clause for _since, clause in broken[-NAMED:]}
    clauses = "; ".join(
        str(title) for clause, title in CLAUSES.items() if clause in named
    )
    return _("%(clauses)s; last broken on %(when)s") % {
        "clauses": clauses if len(broken) <= NAMED else f"{clauses} …",
        "when": formats.date_format(timezone.localtime(last), "SHORT_DATETIME_FORMAT"),
    }


dashboard.register(
    "broken clauses",
    title=_("Broken promises of the notice"),
    category=Category.CONFORMANCE,
    order=4,
    load=_broken_clauses,
)
