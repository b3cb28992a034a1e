"""Scheduled work of retention. No rule stands here."""

from __future__ import annotations

from celery import shared_task

from retention.services.sweep import sweep


@shared_task
def sweep_due_rows() -> int:
    """End what is due, in bounded batches; what is left waits for the next run."""
    return sweep().deleted
