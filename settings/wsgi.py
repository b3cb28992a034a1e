"""Entry point of the web processes, which take the application role."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")
os.environ.setdefault("SELOSTE_PROCESS", "web")

from settings import services  # noqa: E402 - the variables above come first

services.ensure()

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()
