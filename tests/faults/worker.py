"""A worker as in production, with two kinds of job for the tests and shorter silences."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta

import django

if __name__ == "__main__":
    django.setup()

    from django.conf import settings

    from register.models import Job
    from register.services import jobs
    from settings.celery import app

    jobs.STALE, jobs.PAUSE = timedelta(seconds=1.5), timedelta(seconds=1)
    jobs.HEARTBEAT = timedelta(seconds=0.3)
    settings.DATABASES["default"]["OPTIONS"]["answer_within"] = 3
    app.conf.task_default_queue = os.environ["FAULTS_QUEUE"]

    @jobs.register_kind("test.wait", "Waiting")
    def _wait(object_id: str, progress: jobs.Progress) -> dict[str, int]:
        """Look at the database for a second; count how often that was begun."""
        runs = Job.objects.get(pk=progress.job.pk).done + 1
        progress.start(2)
        progress.advance(runs)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            Job.objects.filter(pk=progress.job.pk).exists()
            time.sleep(0.1)
        return {"runs": runs}

    @jobs.register_kind("test.poison", "Killing its worker")
    def _poison(object_id: str, progress: jobs.Progress) -> dict[str, int]:
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    app.worker_main(
        [
            "worker",
            "--concurrency=2",
            "--loglevel=WARNING",
            "--without-mingle",
            "--without-gossip",
        ]
    )
