"""The Celery application and the one table of what runs when.

The database holds the work; a message is only a wake-up call. Every entry expires
before its next run, so that a stopped worker is not met by a heap of old messages.
"""

from __future__ import annotations

import gc
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from celery import Celery
from celery.signals import (
    heartbeat_sent,
    setup_logging,
    worker_init,
    worker_process_init,
    worker_ready,
)

from register import logs
from register.monitoring import workers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")
# Celery would run all checks, for which every screen is loaded (10 MB a process), and
# throw away what they found. `migrate` and the set-up page run them too, and tell.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("seloste")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
workers.install(app)
logs.allow_codes(lambda: app.tasks)
logs.allow_codes(lambda: app.conf.beat_schedule)


@setup_logging.connect
def _keep_logging(loglevel: int | None = None, **_: object) -> None:
    """Log as Django was told to: Celery's own handlers quote arguments and errors."""
    if loglevel is not None:
        logging.getLogger().setLevel(loglevel)


# No single step of any work takes so long; a worker that waits longer hangs.
WORKER_ANSWER_SECONDS = 900


@worker_init.connect
def _give_up_on_a_silent_database(**_: object) -> None:
    from django.conf import settings

    options = settings.DATABASES["default"]["OPTIONS"]
    options.setdefault("answer_within", WORKER_ANSWER_SECONDS)


@worker_ready.connect
@worker_process_init.connect
def _leave_out_what_stays(**_: object) -> None:
    """Let the garbage collector pass over what was loaded at the start, which is most."""
    gc.collect()
    gc.freeze()


@heartbeat_sent.connect
def _show_life(**_: Any) -> None:
    """Touch ALIVE_FILE, by which a container's health check sees that we come round."""
    if alive_file := os.environ.get("ALIVE_FILE"):
        Path(alive_file).touch()


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
    # Behind the seals by at most this much: an alert is for a person to read.
    "watch unusual look-ups": _every("register.tasks.watch_look_ups", minutes=5),
    "forget idempotency keys": _every("register.tasks.sweep_idempotency_keys", hours=1),
    "follow roles that began or ended": _every(
        "contacts.tasks.sweep_turned_roles", hours=1
    ),
    "send e-mail": _every("communications.tasks.send_messages", seconds=30),
    "follow agreements and addresses that ended": _every(
        "contacts.tasks.sweep_ended", hours=1
    ),
    "follow files of exports": _every("contacts.tasks.follow_exports", minutes=10),
    "ask the register of companies again": _every(
        "contacts.tasks.refresh_company_data", minutes=10
    ),
    "remind of follow-ups": _every("communications.tasks.remind", minutes=1),
    # One a day; asked often, so that a day without beat is made up for.
    "look for duplicates": _every("contacts.tasks.order_duplicate_scan", minutes=30),
    # Each number once an hour; asked often, so that a killed run is taken up soon.
    "count the quality of data": _every("contacts.tasks.count_quality", minutes=10),
    # It orders one a day; asked often, so that a day without beat is made up for.
    "verify the audit trail": _every(
        "register.tasks.order_audit_verification", minutes=15
    ),
    # Once an hour; while a clause is broken each time, so that mending shows soon.
    "check the promises of the notice": _every(
        "register.tasks.check_conformance", minutes=10
    ),
    "disable accounts that nobody uses": _every(
        "register.tasks.sweep_unused_accounts", hours=6
    ),
    "clear sessions": _every("register.tasks.sweep_sessions", hours=6),
}
