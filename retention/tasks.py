"""Scheduled work of retention. No rule stands here."""

from __future__ import annotations

from celery import shared_task

from retention.services import orders  # noqa: F401 - the worker must know the job
from retention.services.sweep import BATCH_SIZE, sweep


@shared_task
def sweep_due_rows(batch_size: int = BATCH_SIZE) -> int:
    """End what is due, in bounded batches; what is left waits for the next run."""
    return sweep(batch_size=batch_size).deleted
