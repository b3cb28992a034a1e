"""The register's addresses, and some that fail with what they were sent in their errors."""

from __future__ import annotations

import logging
import threading
import warnings

from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

from contacts.models import Company
from register.database.visibility import reaching_everybody
from settings.urls import urlpatterns as real

logger = logging.getLogger("somebody.elses.package")


def fail(request: HttpRequest) -> HttpResponse:
    """Quote the request in every way that a careless hand finds."""
    value = request.GET["value"]
    how = request.GET["how"]
    if how == "error":
        raise ValueError(f"{value} is wrong")
    if how == "cause":
        try:
            int(value)
        except ValueError as error:
            raise RuntimeError(value) from error
    if how == "unique":
        with reaching_everybody():
            for _time in range(2):
                Company.objects.create(
                    name=value, business_id="2327327-1", source="staff"
                )
    if how == "statement":
        with connection.cursor() as cursor:
            cursor.execute("SELECT %s::int", [value])
    if how == "log":
        logger.error("no answer from %s", value)
        logger.error(f"no answer from {value}")  # noqa: G004
        logger.error(value)
        logger.error("%(name)s went", {"name": value}, extra={"kind": value})
        logger.error(ValueError(value))
        logger.warning("it failed", exc_info=ValueError(value), stack_info=True)
    if how == "warning":
        warnings.warn(f"{value} is naive", RuntimeWarning, stacklevel=1)
    if how == "thread":
        thread = threading.Thread(target=int, args=[value])
        thread.start()
        thread.join()
    return HttpResponse("done")


urlpatterns = [*real, path("fail", fail, name="fail")]
