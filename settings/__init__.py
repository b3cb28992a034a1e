"""The project package. The Celery application is imported so that tasks find it."""

from __future__ import annotations

from settings.celery import app as celery_app

__all__ = ["celery_app"]
