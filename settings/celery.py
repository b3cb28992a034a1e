"""The Celery application and the one table of what runs when.

The database holds the work; a message is only a wake-up call. Every entry expires
before its next run, so that a stopped worker is not met by a heap of old messages.
"""

from __future__ import annotations

import os
from datetime import timedelta

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")

app = Celery("seloste")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _every(task: str, **interval: float) -> dict[str, object]:
    schedule = timedelta(**interval)
    return {
        "task": task,
        "schedule": schedule,
        "options": {"expires": schedule.total_seconds() * 0.9},
    }


app.conf.beat_schedule = {
    # The notice promises the hour (N7.2, N7.3); ten minutes leave room for a restart.
    "end what is due": _every("retention.tasks.sweep_due_rows", minutes=10),
    "remove files": _every("register.tasks.sweep_file_removals", minutes=5),
    "hand out jobs": _every("register.tasks.sweep_jobs", seconds=20),
    "seal the audit trail": _every("register.tasks.seal_audit_trail", minutes=1),
    "forget idempotency keys": _every("register.tasks.sweep_idempotency_keys", hours=1),
    "follow roles that began or ended": _every(
        "contacts.tasks.sweep_turned_roles", hours=1
    ),
    "clear sessions": _every("register.tasks.sweep_sessions", hours=6),
}
