"""The page for what went wrong, which needs no database to be shown."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.template.loader import get_template
from django.utils import translation
from django.views.decorators.csrf import requires_csrf_token

from register.trouble import Trouble, trouble_of


@requires_csrf_token
def failed(request: HttpRequest) -> HttpResponse:
    """Answer a request that raised: 503 or 507 for a fault that passes, else 500."""
    trouble = trouble_of(sys.exc_info()[1])
    # What sets the language of the request may be what failed.
    language = translation.get_language_from_request(request)
    with translation.override(language):
        if trouble is None:
            return _page(request, "500.html", 500)
        response = _page(
            request, "errors/trouble.html", trouble.status, trouble=trouble
        )
        response["Retry-After"] = str(trouble.retry_after)
        return response


def _page(
    request: HttpRequest, template: str, status: int, **context: Trouble
) -> HttpResponse:
    # Without the request's context: who is logged in stands in the database. The request
    # itself has the number by which the error is found in the logs.
    html = get_template(template).render({**context, "request": request})
    response = HttpResponse(html, status=status)
    response["Cache-Control"] = "no-store"
    return response
