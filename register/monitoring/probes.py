"""The addresses for machines: they answer before and without everything else.

No session, no host name, no TLS redirect and no database stands between them and the
one who asks: what watches over the register must reach it when all of these fail.
"""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from register import metrics
from register.monitoring import readiness, web

RETRY_SECONDS = 5
GetResponse = Callable[[HttpRequest], HttpResponse]


class Probes:
    """Answers ``/healthz``, ``/readyz`` and ``/metrics``."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self._answers: dict[str, Callable[[HttpRequest], HttpResponse | None]] = {
            "/healthz": alive,
            "/readyz": ready,
            "/metrics": numbers,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        answer = self._answers.get(request.path_info)
        if answer is None:
            return self.get_response(request)
        request.probe = request.path_info.strip("/")  # type: ignore[attr-defined]
        if request.method not in ("GET", "HEAD"):
            return HttpResponse(status=405, headers={"Allow": "GET, HEAD"})
        response = answer(request) or self.get_response(request)
        response.headers["Cache-Control"] = "no-store"
        # A watcher asks every few seconds; what changed is logged where it is found.
        response._has_been_logged = True  # type: ignore[attr-defined]
        return response


def alive(request: HttpRequest) -> HttpResponse:
    """Answer that the web process runs; it asks no other server."""
    return JsonResponse({"status": "ok"})


def ready(request: HttpRequest) -> HttpResponse | None:
    """Answer 200 if the register can serve, else 503 with codes of what fails.

    Sentences are for those who hold the token; a session is looked at by the view
    behind us, if the database can tell whose it is.
    """
    report = readiness.report()
    if has_token(request):
        return response_of(report, with_details=True)
    has_session = settings.SESSION_COOKIE_NAME in request.COOKIES
    if has_session and not {
        readiness.Part.DATABASE,
        readiness.NO_ANSWER,
    } & set(report.problems):
        return None
    return response_of(report, with_details=False)


def numbers(request: HttpRequest) -> HttpResponse:
    """Answer all metrics to whoever holds the token. Without a token in the settings nobody does."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    if not has_token(request):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    reading = metrics.reading()
    counted = CollectorRegistry()
    counted.register(_Collected([] if reading is None else reading.metrics))
    return HttpResponse(
        generate_latest(web.registry()) + generate_latest(counted),
        content_type=CONTENT_TYPE_LATEST,
    )


def has_token(request: HttpRequest) -> bool:
    """Whether the request carries ``METRICS_TOKEN``."""
    given = request.headers.get("Authorization", "").encode()
    wanted = f"Bearer {settings.METRICS_TOKEN}".encode()
    return bool(settings.METRICS_TOKEN) and hmac.compare_digest(given, wanted)


def response_of(report: readiness.Report, *, with_details: bool) -> HttpResponse:
    """Return a report as it goes out."""
    body: dict[str, Any] = {"status": "ok" if report.is_ready else "not ready"}
    if not report.is_ready:
        body["failing"] = report.failing
    if with_details:
        body["problems"] = report.problems
        body["processes"] = [
            {
                "kind": each.kind.value,
                "living": each.living,
                "seen_at": each.seen_at.isoformat() if each.seen_at else None,
            }
            for each in report.processes
        ]
    response = JsonResponse(body, status=200 if report.is_ready else 503)
    if not report.is_ready:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


@dataclasses.dataclass(eq=False, slots=True)
class _Collected:
    """Metrics that were counted already, in the form the client library asks for."""

    metrics: list[Any]

    def collect(self) -> list[Any]:
        return self.metrics
