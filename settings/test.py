"""Tests: real servers, fast password hashes, keys that are no secret."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from settings.base import *
from settings.base import CACHES, DATABASES, MIDDLEWARE, SESSION_COOKIE_AGE

SECRET_KEY = "test-only-secret-key-that-protects-nothing-at-all"  # noqa: S105
ADDRESS_HASH_KEYS = ["t2:newer-test-key", "t1:older-test-key"]
AUDIT_KEY = "test-only-audit-key"
SECOND_FACTOR_KEYS = ["test-only-second-factor-key"]
# Tests move the clock by hours between two clicks.
SESSION_IDLE_SECONDS = SESSION_COOKIE_AGE
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
ALLOWED_HOSTS = ["testserver", "127.0.0.1", "localhost"]

# Sentences are compared in the language they are written in; tests of other
# languages say which.
LANGUAGE_CODE = "en"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_AUTOREFRESH = True
# Each test process has its own files and its own corner of the cache.
_worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
MEDIA_ROOT = Path(tempfile.gettempdir()) / f"seloste-test-{os.getpid()}-{_worker}"
AUDIT_ANCHOR_FILE = str(MEDIA_ROOT / "audit-anchor.json")
CACHES["default"]["KEY_PREFIX"] = f"seloste-test-{os.getpid()}-{_worker}"
# What a test orders waits for nobody: no other process takes it for its own.
CELERY_TASK_DEFAULT_QUEUE = os.environ.get(
    "SELOSTE_TEST_QUEUE", f"seloste-test-{os.getpid()}-{_worker}"
)
# Two suites may run at once on one server, each with a database of its own.
_suffix = os.environ.get("SELOSTE_TEST_SUFFIX", "")
DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}{_suffix}"}
# Requests of the test client run as the application role, as the web does.
MIDDLEWARE = ["tests.application_role.AsApplicationRole", *MIDDLEWARE]
