"""Logging in and out, with every attempt in the audit trail."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse

from register import actors, audit

_django_log_in = admin.site.login
_django_log_out = admin.site.logout


def log_in(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Django's log-in page, with every attempt in the audit trail."""
    response = _django_log_in(request, extra_context)
    if request.method == "POST":
        if request.user.is_authenticated:
            audit.record(
                "staff.logged_in", actor=actors.of_request(request), obj=request.user
            )
        else:
            audit.record("staff.log_in_failed", actor=actors.system("access_control"))
    return response


def log_out(request: HttpRequest, extra_context: Any = None) -> HttpResponse:
    """Django's log-out, with its entry in the audit trail."""
    if request.method == "POST" and request.user.is_authenticated:
        audit.record(
            "staff.logged_out", actor=actors.of_request(request), obj=request.user
        )
    return _django_log_out(request, extra_context)
