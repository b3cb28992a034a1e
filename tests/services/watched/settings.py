"""The register as it runs in production, as far as its log goes, with errors to provoke."""

from __future__ import annotations

import os
from pathlib import Path

from settings.test import *  # noqa: F403
from settings.test import CACHES, DATABASES, MIDDLEWARE

ROOT_URLCONF = "tests.services.watched.urls"
DATABASES["default"]["NAME"] = os.environ["WATCHED_DATABASE"]
DATABASES["default"]["OPTIONS"] = {"assume_role": "seloste_app"}
MEDIA_ROOT = Path(os.environ["WATCHED_FILES"])
CACHES["default"]["KEY_PREFIX"] = os.environ["WATCHED_KEYS"]
METRICS_TOKEN = os.environ["WATCHED_TOKEN"]
# The role comes with the connection here, as it does in production.
MIDDLEWARE = [each for each in MIDDLEWARE if not each.startswith("tests.")]
if os.environ.get("SELOSTE_PROCESS") != "web":
    del DATABASES["default"]["OPTIONS"]
