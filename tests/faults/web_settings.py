"""The demo's settings for a web process of the tests: no static files were collected."""

from __future__ import annotations

from settings.demo import *  # noqa: F403 - as all settings do
from settings.demo import STORAGES

STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
