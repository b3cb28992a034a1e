"""Keeps a session to what it may do: how long, and not before its second factor."""

from __future__ import annotations

import time

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from register import actors, audit
from register.log_in import second_factor
from register.middleware import STAFF_PATH, GetResponse

BEGAN_KEY, SEEN_KEY = "session_began", "session_seen"
# A request within a minute of the last one does not write that the session was used.
SEEN_STEP_SECONDS = 60
# Where the first factor is set up; closed to a session that has not shown one it has.
_SET_UP = "/admin/account/second-factor/"
# What a session without its second factor is for besides: showing it, and leaving.
_OPEN = (
    "/admin/account/confirm/",
    "/admin/account/leave/",
    "/admin/account/language/",
    "/admin/logout/",
    "/admin/login/",
    "/admin/jsi18n/",
    "/i18n/",
)


class SessionLimits:
    """Ends sessions that are too old or were left alone, and notes the use of others."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(STAFF_PATH) and request.user.is_authenticated:
            if _is_over(request):
                return _end(request)
            _note_use(request)
        return self.get_response(request)


def _is_over(request: HttpRequest) -> bool:
    now = time.time()
    began = request.session.get(BEGAN_KEY, now)
    seen = request.session.get(SEEN_KEY, now)
    return bool(
        now - began >= settings.SESSION_COOKIE_AGE
        or now - seen >= settings.SESSION_IDLE_SECONDS
    )


def _end(request: HttpRequest) -> HttpResponse:
    audit.record(
        "staff.logged_out",
        actor=actors.of_request(request),
        obj=request.user,  # type: ignore[arg-type]
        kind="timeout",
    )
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    logout(request)
    messages.info(
        request, _("You were logged out because the session was left alone or too old.")
    )
    path = (
        request.get_full_path() if request.method == "GET" else reverse("admin:index")
    )
    return HttpResponseRedirect(
        f"{reverse('admin:login')}?{urlencode({REDIRECT_FIELD_NAME: path})}"
    )


def _note_use(request: HttpRequest) -> None:
    now, session = time.time(), request.session
    if now - session.get(SEEN_KEY, 0) < SEEN_STEP_SECONDS:
        return
    session.setdefault(BEGAN_KEY, now)
    session[SEEN_KEY] = now
    UserSession.objects.filter(session_key=session.session_key).update(
        last_seen_at=timezone.now()
    )


class SecondFactor:
    """Lets nobody in who lacks a second factor that a role of theirs requires.

    It asks the session, not the account: that a factor is set up says nothing about who
    sits before this browser.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        request.lacks_second_factor = (  # type: ignore[attr-defined]
            user.is_authenticated and second_factor.is_lacking(request)
        )
        if request.lacks_second_factor and not request.path.startswith(_OPEN):  # type: ignore[attr-defined]
            where = _where_to_show_it(request)
            if not (where == _SET_UP and request.path.startswith(_SET_UP)):
                return HttpResponseRedirect(where)
        return self.get_response(request)


def _where_to_show_it(request: HttpRequest) -> str:
    """Return the page that asks for a factor, or the one that sets the first one up."""
    for method in get_adapter(request).get_reauthentication_methods(request.user):
        if method["id"].startswith("mfa_reauthenticate"):
            return str(method["url"])
    return _SET_UP
