"""Scheduled work of contacts, and its jobs made known to the worker. No rule stands here."""

from __future__ import annotations

from celery import shared_task

from contacts.services import (
    agreements,
    company_register,
    endings,
    quality,
    search_words,
)
from contacts.services.duplicates import scan
from contacts.services.exports import endings as export_endings
from contacts.services.imports import runs, undo
from contacts.services.merging import orders

__all__ = [
    "count_quality",
    "follow_exports",
    "order_duplicate_scan",
    "orders",
    "refresh_company_data",
    "runs",
    "sweep_ended",
    "sweep_turned_roles",
    "undo",
]


@shared_task
def sweep_turned_roles() -> int:
    """Let people be found by the companies where they have a role today."""
    return search_words.refresh_turned_roles()


@shared_task
def order_duplicate_scan() -> None:
    """Have everybody compared with everybody, once a day."""
    scan.order_daily()


@shared_task
def sweep_ended() -> int:
    """Let statuses, primary addresses and main contacts follow what ended."""
    return agreements.follow_ended() + endings.follow()


@shared_task
def refresh_company_data() -> int:
    """Ask the public register again about the companies asked about longest ago."""
    return company_register.refresh_oldest()


@shared_task
def follow_exports() -> int:
    """Remind of files of exports that end soon, and note those that are gone."""
    return export_endings.follow()


@shared_task
def count_quality() -> int:
    """Count what lacks in the data of people, each number once an hour."""
    return quality.count_due()
