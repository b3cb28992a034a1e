"""Ordering a sweep by hand, as a job with progress."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from register import access
from register.actors import Actor
from register.database.locks import Lock, advisory_locks
from register.datamap.vocabulary import Action, Category
from register.models import Job
from register.services import jobs
from register.services.jobs import Progress, register_kind
from retention.services.plan import plan
from retention.services.sweep import sweep

KIND = "retention.sweep"


@transaction.atomic
def order_sweep(*, actor: Actor) -> Job:
    """Order a sweep, or return the one that is waiting or running already."""
    access.require(actor.user, Action.APPROVE, Category.RETENTION)
    advisory_locks(Lock.JOB, [KIND])
    unfinished = Job.objects.filter(
        kind=KIND, state__in=[Job.State.QUEUED, Job.State.RUNNING]
    ).first()
    return unfinished or jobs.order(KIND, object_id="", actor=actor)


@register_kind(KIND, _("Deleting what is due"))
def _sweep(object_id: str, progress: Progress) -> dict[str, int]:
    """Sweep, telling how far it is. Run again, it deletes what is left."""
    progress.start(sum(table.ready for table in plan().ending))
    run = sweep(report=progress.advance)
    return {"rows": run.deleted, "files": sum(b.files for b in run.batches.all())}
