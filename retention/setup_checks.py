"""Whether the sweep runs, as the set-up page shows it."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.setup_checks import Group, Outcome, missing, ok, register, warning
from retention.models import Run

# It runs every ten minutes.
SILENCE = timedelta(minutes=30)


@register("sweep", _("Ending what is due"), group=Group.PROCESSES, order=30)
def sweep() -> Outcome:
    """What is due ended within the last half hour."""
    last = Run.objects.order_by("-started_at").first()
    if last is None:
        return warning(
            _("Nothing has been swept yet."),
            _("The first sweep runs ten minutes after beat has started."),
            "admin:retention_run_plan",
        )
    if last.started_at < timezone.now() - SILENCE:
        return missing(
            _("What is due has not been swept within the last half hour."),
            _("Start a worker and one beat, and look at their logs."),
            "admin:retention_run_plan",
        )
    return ok(_("What is due is swept."))
