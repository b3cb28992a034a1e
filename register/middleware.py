"""What every request passes through."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from register import access
from register.database.visibility import with_held_rows
from register.datamap.vocabulary import Action, Category
from register.logs import bind_request

GetResponse = Callable[[HttpRequest], HttpResponse]
STAFF_PATH = "/admin/"


class RequestId:
    """Gives each request a number that its log lines and audit entries share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = uuid.uuid4()  # type: ignore[attr-defined]
        with bind_request(request):
            response = self.get_response(request)
        response["X-Request-ID"] = str(request.request_id)  # type: ignore[attr-defined]
        return response


class StaffContentSecurityPolicy:
    """Relaxes the policy where unfold's scripts need it, and nowhere else."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if request.path.startswith(STAFF_PATH):
            response._csp_update = settings.STAFF_CONTENT_SECURITY_POLICY  # type: ignore[attr-defined]
            # Pages with personal data stay out of shared and disk caches.
            response.setdefault("Cache-Control", "no-store")
        return response


class RowSecurity:
    """Lets a request see held rows past their due instant if its user may."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if access.may(
            getattr(request, "user", None), Action.APPROVE, Category.RETENTION
        ):
            with with_held_rows():
                return self.get_response(request)
        return self.get_response(request)
