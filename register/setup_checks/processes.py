"""Worker and beat: whether each still shows that it lives."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _, ngettext

from register.models import Process
from register.monitoring import liveness
from register.setup_checks import Group, Outcome, missing, ok, register, warning


@register("worker", _("Workers"), group=Group.PROCESSES, order=10)
def worker() -> Outcome:
    """Somebody does what is ordered."""
    living = _living(Process.Kind.WORKER)
    if not living:
        return missing(
            _("No worker shows that it lives, so jobs wait and nothing is deleted."),
            _("Start one: celery -A settings worker."),
        )
    return ok(
        ngettext("%(count)d worker lives.", "%(count)d workers live.", living)
        % {"count": living}
    )


@register("beat", _("Scheduler (beat)"), group=Group.PROCESSES, order=20)
def beat() -> Outcome:
    """Exactly one process wakes the others."""
    living = _living(Process.Kind.BEAT)
    if not living:
        return missing(
            _("Beat does not show that it lives, so nothing runs at its time."),
            _("Start it, once: celery -A settings beat."),
        )
    if living > 1:
        return warning(
            _("More than one beat showed itself within the last minute."),
            _("If none was started again just now, stop all but one."),
        )
    return ok(_("Beat lives."))


def _living(kind: Process.Kind) -> int:
    return next(each.living for each in liveness.processes() if each.kind == kind)
