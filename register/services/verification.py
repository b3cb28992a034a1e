"""Verifying the whole audit trail every night, so that tampering is noticed unasked."""

from __future__ import annotations

import dataclasses
import logging
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import actors, audit
from register.models import Job
from register.services import jobs
from register.services.jobs import Progress, register_kind

KIND = "audit.verify"
EVERY = timedelta(hours=23, minutes=50)

logger = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True, slots=True)
class Verification:
    """When the trail was verified, and how many signs of tampering there were."""

    at: datetime
    problems: int


def order() -> Job:
    """Order a verification."""
    return jobs.order(KIND, object_id="", actor=actors.system())


def order_daily() -> Job | None:
    """Order a verification unless one was ordered within the last day."""
    today = timezone.now() - EVERY
    if Job.objects.filter(kind=KIND, created_at__gt=today).exists():
        return None
    return order()


def last() -> Verification | None:
    """Return the newest verification that came to its end."""
    job = Job.objects.filter(kind=KIND, state=Job.State.DONE).first()
    if job is None or job.finished_at is None:
        return None
    return Verification(job.finished_at, job.result["counts"]["problems"])


@register_kind(KIND, _("Verifying the audit trail"))
def _verify(object_id: str, progress: Progress) -> dict[str, int]:
    """Verify from the beginning; it changes nothing, so it may be run again."""
    problems = sum(1 for _problem in audit.verify())
    if problems:
        logger.error(
            "The audit trail was tampered with: run manage.py audit_verify.",
            extra={"rows": problems},
        )
    return {"problems": problems}
