"""What every request passes through."""

from __future__ import annotations

import ipaddress
import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.views.defaults import permission_denied
from psycopg.errors import InsufficientPrivilege

from register import access, actors, identity_codes
from register.history.acting import acting
from register.logs import bind_request

GetResponse = Callable[[HttpRequest], HttpResponse]
STAFF_PATH = "/admin/"
_NUMBER = re.compile(
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32}", re.IGNORECASE
)


class RequestId:
    """Gives each request a number that its log lines and audit entries share."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.request_id = _number_of_proxy(request) or uuid.uuid4()  # type: ignore[attr-defined]
        bind_request(request)
        response = self.get_response(request)
        response["X-Request-ID"] = str(request.request_id)  # type: ignore[attr-defined]
        return response


def _number_of_proxy(request: HttpRequest) -> uuid.UUID | None:
    """Return the number that a proxy of ours gave the request.

    A proxy stands on this machine or in a private network; what a stranger sends is
    not taken, so that nobody mixes his entries with another's in the audit trail.
    """
    given = request.headers.get("X-Request-ID", "")
    if not _NUMBER.fullmatch(given) or not _is_near(request.META.get("REMOTE_ADDR")):
        return None
    return uuid.UUID(given)


def _is_near(address: str | None) -> bool:
    if not address:
        return True  # a Unix socket
    try:
        return ipaddress.ip_address(address).is_private
    except ValueError:
        return False


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
    """Lets a request reach whom its user may, and held rows past their due instant."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            # Nobody reaches nothing, unless an API key says who calls.
            with access.until_answered():
                return self.get_response(request)
        with access.reading_as(user):
            return self.get_response(request)

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Say that a right is missing where the database had to refuse a write."""
        if isinstance(exception.__cause__, InsufficientPrivilege):
            return permission_denied(request, exception)
        return None


class Acting:
    """Tells the database who changes rows in this request, for their earlier versions."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Reading changes no record of a person: its pages are spared the statement.
        if request.method in SAFE or not _is_staff_member(request):
            return self.get_response(request)
        with acting(actors.of_request(request)):
            return self.get_response(request)


SAFE = ("GET", "HEAD", "OPTIONS")


def _is_staff_member(request: HttpRequest) -> bool:
    return request.path.startswith(STAFF_PATH) and request.user.is_authenticated


FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class IdentityCodes:
    """Masks personal identity codes in submitted forms before any view sees them.

    The fields of the form then refuse the masked text with a sentence. A view that
    looks at what was typed by itself cannot store, echo or log more than the mask; if
    nothing refused it, the reader is told that the code was left out.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET" and (cleaned := _without_codes(request)) is not None:
            messages.error(request, identity_codes.SENTENCE)
            return HttpResponseRedirect(cleaned)
        if request.method != "POST" or request.content_type not in FORMS:
            return self.get_response(request)
        with identity_codes.submission() as submission:
            # A file arrives in pieces, and its view must choose how before they are read:
            # such a view calls mask_form itself.
            if request.content_type == FORMS[0]:
                mask_form(request)
            response = self.get_response(request)
            if submission.is_masked and not submission.is_refused:
                messages.warning(
                    request,
                    _("A personal identity code was left out of what you wrote."),
                )
        return response


def _without_codes(request: HttpRequest) -> str | None:
    """Return the address of a staff page without values that hold a code, if any does.

    Answered by a redirect, the address stays in no history and no link leads on from it.
    """
    if not request.path.startswith(STAFF_PATH):
        return None
    query, is_changed = request.GET.copy(), False
    for name, values in request.GET.lists():
        kept = [value for value in values if not identity_codes.holds_code(value)]
        if kept != values:
            query.setlist(name, kept)
            is_changed = True
    return f"{request.path}?{query.urlencode()}" if is_changed else None


def mask_form(request: HttpRequest) -> None:
    """Mask every value but passwords, which are never stored as they are."""
    masked, is_masked = request.POST.copy(), False
    for name, values in request.POST.lists():
        if "password" in name:
            continue
        plain = [identity_codes.masked(value) for value in values]
        if plain != values:
            masked.setlist(name, plain)
            is_masked = True
    if is_masked:
        request.POST = masked  # type: ignore[assignment]
        identity_codes.note_masked()
