"""What the overview shows about retention."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _, ngettext

from register import dashboard
from register.dashboard import Figure
from register.database.clock import database_now
from register.database.visibility import counting_everything
from register.datamap.vocabulary import Category
from retention import counting
from retention.due import rules
from retention.held import in_force


def _late() -> Figure:
    """How much is late: the promise of the notice in one number."""
    with counting_everything():
        now, holds = database_now(), in_force()
        late = sum(counting.over_lag(rule, now, holds) for rule in rules())
    return Figure(
        _("Records past their deletion time"),
        late,
        ngettext("broken promise", "broken promises", late)
        if late
        else _("every period is kept"),
        reverse("admin:retention_run_plan"),
        "bad" if late else "good",
    )


dashboard.register(
    "late",
    title=_("Records past their deletion time"),
    category=Category.RETENTION,
    order=40,
    load=_late,
)
