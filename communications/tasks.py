"""Scheduled work of communications. No rule stands here: each calls one service."""

from __future__ import annotations

from celery import shared_task

from communications.services import information_letters, messages, reminders

__all__ = ["information_letters", "remind", "send_messages"]


@shared_task
def remind() -> int:
    """Remind colleagues of follow-ups whose reminder is due."""
    reminded = reminders.remind_due()
    reminders.mail_reminders()
    return reminded


@shared_task
def send_messages() -> int:
    """Send the e-mail that waits."""
    return messages.send_waiting()
