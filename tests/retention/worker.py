"""A worker in a process of its own: ``python -m tests.retention.worker DATABASE FILES QUEUE``."""

from __future__ import annotations

import os
import sys

import django
from django.conf import settings


def main(database: str, files: str, queue: str) -> None:
    """Work on ``queue`` like any worker, on the tests' database and files."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings.test"
    settings.DATABASES["default"]["NAME"] = database
    settings.MEDIA_ROOT = files
    django.setup()

    from settings.celery import app

    # One process, so that what is killed is what works.
    app.worker_main(
        [
            "worker",
            "--pool=solo",
            f"--queues={queue}",
            "--loglevel=WARNING",
            "--without-mingle",
            "--without-gossip",
            "--without-heartbeat",
        ]
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
