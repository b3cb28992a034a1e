"""Runs one job in a process of its own, against the database of the tests.

    python tests/dsar/run_job.py DATABASE MEDIA_ROOT CACHE_PREFIX JOB

A test kills this process at a moment of its choosing.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

if __name__ == "__main__":
    database, media_root, cache_prefix, job_id = sys.argv[1:]
    sys.path.insert(0, str(Path(__file__).parents[2]))
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings.test"

    from django.conf import settings

    settings.DATABASES["default"]["NAME"] = database
    settings.MEDIA_ROOT = media_root
    settings.CACHES["default"]["KEY_PREFIX"] = cache_prefix

    import django

    django.setup()

    from register.services import jobs

    jobs.run(job_id)
