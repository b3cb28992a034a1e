"""Saying for which purpose one works. It stands in every entry of the audit trail."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from register import actors, audit
from register.activities import ACTIVITIES


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the purpose for the rest of the session and go back to where one was."""
    code = request.POST.get("purpose", "")
    if code not in ACTIVITIES:
        raise BadRequest
    request.session[actors.PURPOSE_SESSION_KEY] = code
    audit.record("purpose.chosen", actor=actors.of_request(request), reason=code)
    messages.success(
        request, _("From now on the audit trail names the purpose you chose.")
    )
    return HttpResponseRedirect(_way_back(request))


def _way_back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(
        target, {request.get_host()}, require_https=request.is_secure()
    ):
        return target
    return reverse("admin:index")
