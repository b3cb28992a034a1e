"""The page for what went wrong, which needs no database to be shown."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils import translation
from django.views.decorators.csrf import requires_csrf_token
from django.views.defaults import server_error

from register.trouble import Trouble, trouble_of


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """Answer a request that raised: 503 or 507 for a fault that passes, else 500."""
    trouble = trouble_of(sys.exc_info()[1])
    # What sets the language of the request may be what failed.
    language = translation.get_language_from_request(request)
    with translation.override(language):
        if trouble is None:
            return server_error(request)
        return _page(request, trouble)


def _page(request: HttpRequest, trouble: Trouble) -> HttpResponse:
    # Without the request's context: who is logged in stands in the database.
    html = get_template("errors/trouble.html").render(
        {"trouble": trouble, "request": request}
    )
    response = HttpResponse(html, status=trouble.status)
    response["Retry-After"] = str(trouble.retry_after)
    response["Cache-Control"] = "no-store"
    return response
