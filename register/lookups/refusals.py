"""Pages that an account asked for by hand and may not see, recorded."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus

from django.apps import apps
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from register import actors, audit
from register.lookups.trail import REFUSED

STAFF_PATH = "/admin/"
_KEY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{1,20}")

audit.register_actions({REFUSED: _("was refused a page")})


class Refusals:
    """Records refused pages of the staff screens.

    The address is not kept: only which page it was, and the number of the record where
    it names one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        user = getattr(request, "user", None)
        if (
            response.status_code == HTTPStatus.FORBIDDEN
            and request.path.startswith(STAFF_PATH)
            and user is not None
            and user.is_authenticated
        ):
            page, key = _page_of(request)
            audit.record(
                REFUSED,
                actor=actors.of_request(request),
                object_type=page,
                object_id=key,
            )
        return response


def _page_of(request: HttpRequest) -> tuple[str, str]:
    match = request.resolver_match
    if match is None or not match.url_name:
        return "", ""
    key = str(next(iter(match.kwargs.values()), ""))[:40]
    return _kind_of(match.url_name)[:60], key if _KEY.fullmatch(key) else ""


def _kind_of(url_name: str) -> str:
    """Return the table that a page is about, or the name of the page."""
    named = (
        model._meta.label_lower
        for model in apps.get_models()
        if url_name.startswith(f"{model._meta.label_lower.replace('.', '_')}_")
    )
    return max(named, key=len, default=url_name)
