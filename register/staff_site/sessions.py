"""Logging out, with its entry in the audit trail. Logging in is ``register.log_in``."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from register import actors, audit

_django_log_out = admin.site.logout


def log_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Django's log-out, with its entry in the audit trail."""
    if request.method == "POST" and request.user.is_authenticated:
        audit.record(
            "staff.logged_out", actor=actors.of_request(request), obj=request.user
        )
    return _django_log_out(request, extra_context)
