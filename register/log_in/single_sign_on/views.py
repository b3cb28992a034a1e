"""The way to the identity provider, and the way back."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal import flows
from allauth.account.models import Login
from allauth.core.internal import ratelimit
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_safe

from register.log_in.adapters import note_failure
from register.log_in.second_factor import SINGLE_SIGN_ON, VOUCHED
from register.log_in.single_sign_on import admission, provider
from register.log_in.single_sign_on.provider import Attempt, Refused
from register.staff_site.sessions import LEAVE_KEY

_ATTEMPTS_KEY = "single_sign_on_attempts"
# Several tabs of one browser, each for as long as somebody looks for a phone.
MOST_ATTEMPTS = 5
ATTEMPT_SECONDS = 600
# From one address, which may be that of a whole office in the morning: each asks the
# provider. Answers that nobody waits for are somebody's attempts.
RATES = {"begin": "60/m/ip", "stray": "20/m/ip"}


@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the identity provider."""
    _require_on()
    if request.user.is_authenticated:
        return redirect("admin:index")
    if (limited := _limited(request, "begin")) is not None:
        return limited
    attempt = Attempt.new()
    try:
        found = provider.discover()
    except Refused as refused:
        return _back(request, refused)
    _remember(request, attempt)
    return HttpResponseRedirect(
        provider.way_there(found, attempt, _redirect_uri(request))
    )


@require_safe
def finish(request: HttpRequest) -> HttpResponse:
    """Log in whom the identity provider sent back, or say why not."""
    _require_on()
    waiting = request.session.get(_ATTEMPTS_KEY, {})
    # Taken out before anything else: an answer is looked at once.
    known = waiting.pop(request.GET.get("state", ""), None)
    if known is not None:
        request.session[_ATTEMPTS_KEY] = waiting
    elif (limited := _limited(request, "stray")) is not None:
        return limited
    try:
        if known is None or time.time() - known["at"] > ATTEMPT_SECONDS:
            raise provider.refuse("state")
        if "error" in request.GET or "code" not in request.GET:
            is_cancelled = request.GET.get("error") == "access_denied"
            raise provider.refuse("cancelled" if is_cancelled else "refused")
        attempt = Attempt(**known["attempt"])
        found = provider.discover()
        claims = provider.claims(
            found, attempt, request.GET["code"], _redirect_uri(request)
        )
        user = admission.admit(claims)
    except Refused as refused:
        return _back(request, refused)
    if request.user.is_authenticated:
        get_adapter(request).logout(request)
    is_vouched = admission.vouches_for_factor(claims)
    flows.login.record_authentication(
        request, user, SINGLE_SIGN_ON, type=VOUCHED if is_vouched else SINGLE_SIGN_ON
    )
    request.session[LEAVE_KEY] = found.end_session
    response: HttpResponse = flows.login.perform_login(
        request, Login(user=user, redirect_url=known["next"] or None)
    )
    return response


def _limited(request: HttpRequest, action: str) -> HttpResponse | None:
    """Return the page that asks for patience, if it comes to that."""
    answer: HttpResponse | None = ratelimit.consume_or_429(
        request, app="register.log_in", action=action, config=RATES, limit_get=True
    )
    return answer


def _require_on() -> None:
    if not settings.SINGLE_SIGN_ON.is_on:
        raise Http404


def _redirect_uri(request: HttpRequest) -> str:
    return request.build_absolute_uri(reverse("single_sign_on_finish"))


def _remember(request: HttpRequest, attempt: Attempt) -> None:
    where = request.GET.get(REDIRECT_FIELD_NAME, "")
    if not url_has_allowed_host_and_scheme(
        where, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        where = ""
    waiting: dict[str, Any] = request.session.get(_ATTEMPTS_KEY, {})
    waiting[attempt.state] = {
        "attempt": dataclasses.asdict(attempt),
        "at": time.time(),
        "next": where,
    }
    newest = sorted(waiting.items(), key=lambda item: item[1]["at"])[-MOST_ATTEMPTS:]
    request.session[_ATTEMPTS_KEY] = dict(newest)


def _back(request: HttpRequest, refused: Refused) -> HttpResponse:
    """Say on the log-in page why nobody was logged in, and in the trail."""
    note_failure(None, f"sso_{refused.code}")
    messages.error(request, str(refused))
    return redirect("admin:login")
