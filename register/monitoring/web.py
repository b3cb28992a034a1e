"""How web requests do: counted by route, never by address, because addresses hold numbers.

Every process counts for itself. Under gunicorn the counts lie in files that all its
processes share (:mod:`settings.web_server`); whichever process is asked adds them up.
"""

from __future__ import annotations

import fcntl
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Summary,
)
from prometheus_client.multiprocess import MultiProcessCollector

from register.metrics import PREFIX

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
# The multiples of the speed that a person notices: at once, soon, slow, gone for coffee.
BOUNDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
NO_ROUTE = "none"  # no address of ours, or a file that is served as it is
SHARED = "PROMETHEUS_MULTIPROC_DIR"
LOCK = "lock"

logger = logging.getLogger("register.requests")

REQUESTS = Counter(
    f"{PREFIX}web_requests",
    "requests by route, method and status",
    ("route", "method", "status"),
)
SECONDS = Histogram(
    f"{PREFIX}web_request_seconds",
    "time until the answer began, by route and method",
    ("route", "method"),
    buckets=BOUNDS,
)
DATABASE_SECONDS = Summary(
    f"{PREFIX}web_database_seconds",
    "time that statements of a request took in the database, by route; its count is of requests",
    ("route",),
)
STATEMENTS = Counter(
    f"{PREFIX}web_database_statements",
    "statements that requests sent to the database, by route",
    ("route",),
)
IN_PROGRESS = Gauge(
    f"{PREFIX}web_requests_in_progress",
    "requests that are being answered",
    multiprocess_mode="livesum",
)

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestMetrics:
    """Counts each request, and logs it as one line of codes."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        timer = _DatabaseTimer()
        begun = time.monotonic()
        with IN_PROGRESS.track_inprogress(), connection.execute_wrapper(timer):
            response = self.get_response(request)
        seconds = time.monotonic() - begun
        route, method = route_of(request), method_of(request)
        REQUESTS.labels(route, method, str(response.status_code)).inc()
        SECONDS.labels(route, method).observe(seconds)
        DATABASE_SECONDS.labels(route).observe(timer.seconds)
        STATEMENTS.labels(route).inc(timer.statements)
        is_probe = getattr(request, "probe", None) is not None
        logger.log(
            logging.DEBUG if is_probe else logging.INFO,
            "request",
            extra={
                "route": route,
                "method": method,
                "status": response.status_code,
                "ms": round(1000 * seconds),
                "database_ms": round(1000 * timer.seconds),
            },
        )
        return response


def route_of(request: HttpRequest) -> str:
    """Return the name of the route that answered: a word of the list of our addresses."""
    probe: str | None = getattr(request, "probe", None)
    if probe is not None:
        return probe
    match = request.resolver_match
    return match.view_name if match is not None else NO_ROUTE


def method_of(request: HttpRequest) -> str:
    """Return the method, as a word of a closed list."""
    return request.method if request.method in METHODS else "other"


def registry() -> CollectorRegistry:
    """Return what all processes of this web server counted."""
    directory = os.environ.get(SHARED)
    if not directory:
        return REGISTRY
    found = CollectorRegistry()
    found.register(_Shared(directory))
    return found


class _Shared(MultiProcessCollector):
    """Adds the files of all processes up, while none is being put to rest."""

    def __init__(self, directory: str) -> None:
        super().__init__(None, directory)  # type: ignore[no-untyped-call]

    def collect(self) -> Any:
        with locked(Path(self._path), fcntl.LOCK_SH):
            return list(super().collect())  # type: ignore[no-untyped-call]


@contextmanager
def locked(directory: Path, how: int) -> Iterator[None]:
    """Hold the lock of the shared files."""
    with (directory / LOCK).open("a") as file:
        fcntl.flock(file, how)
        yield


class _DatabaseTimer:
    """Adds up the time that statements take."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.statements = 0

    def __call__(
        self,
        execute: Any,
        sql: str,
        params: Any,
        many: bool,  # noqa: FBT001 - Django's signature
        context: Any,
    ) -> Any:
        begun = time.monotonic()
        try:
            return execute(sql, params, many, context)
        finally:
            self.seconds += time.monotonic() - begun
            self.statements += 1
