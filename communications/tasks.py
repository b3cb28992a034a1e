"""Scheduled work of communications. No rule stands here: each calls one service."""

from __future__ import annotations

from celery import shared_task

from communications.services import reminders


@shared_task
def remind() -> int:
    """Remind colleagues of follow-ups whose reminder is due."""
    return reminders.remind_due()
