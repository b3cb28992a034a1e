"""Entry point of the web processes, which take the application role."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.demo")
os.environ.setdefault("SELOSTE_PROCESS", "web")

from settings import services

services.ensure()

from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import connection  # noqa: E402

if "assume_role" not in connection.settings_dict["OPTIONS"]:
    raise RuntimeError(
        "The settings were read before this process was known to be the web, so it would"
        " work as the owner of the tables. Set SELOSTE_PROCESS=web."
    )

application = get_wsgi_application()
