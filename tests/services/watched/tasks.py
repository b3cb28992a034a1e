"""Tasks that end badly with what they were given in their errors."""

from __future__ import annotations

from typing import Any

from celery import Task, shared_task

from contacts.models import Company


@shared_task(bind=True)
def fail(self: Task[Any, Any], how: str, value: str) -> str:
    """Fail, be tried again, or return what should not be told."""
    if how == "retry":
        raise self.retry(exc=ValueError(value), countdown=3600)
    if how == "unique":
        for _time in range(2):
            Company.objects.create(name=value, business_id="2327327-1", source="staff")
    if how == "error":
        raise ValueError(f"{value} is wrong")
    return value
