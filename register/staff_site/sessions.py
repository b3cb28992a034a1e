"""Logging out, with its entry in the audit trail. Logging in is ``register.log_in``."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from register import actors, audit

_django_log_out = admin.site.logout
# Where the identity provider ends its own session, if it opened this one.
LEAVE_KEY = "single_sign_on_leave"


def log_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Django's log-out, with its entry in the audit trail."""
    leave_url = ""
    if request.method == "POST" and request.user.is_authenticated:
        audit.record(
            "staff.logged_out", actor=actors.of_request(request), obj=request.user
        )
        leave_url = _leave_url(request)
    return _django_log_out(request, {"leave_url": leave_url, **(extra_context or {})})


def _leave_url(request: HttpRequest) -> str:
    """Return where a session at the identity provider is ended; "" if there is none.

    It is offered, not done: the provider's session is for other services as well.
    """
    end = str(request.session.get(LEAVE_KEY) or "")
    if not end:
        return ""
    query = {
        "client_id": settings.SINGLE_SIGN_ON.client_id,
        "post_logout_redirect_uri": request.build_absolute_uri(reverse("admin:login")),
    }
    return f"{end}{'&' if urlsplit(end).query else '?'}{urlencode(query)}"
