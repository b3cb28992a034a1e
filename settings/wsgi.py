"""Entry point of the web processes, which take the application role."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")
os.environ.setdefault("SELOSTE_PROCESS", "web")

from settings import services

services.ensure()

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
