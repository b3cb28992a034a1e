"""The search box of every staff page, and the page that answers without scripts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import SEARCH_VAR
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods

from register import actors, audit, finding, identity_codes
from register.identifiers import search_prefixes
from register.models import User
from register.staff_site.fingerprints import fingerprint
from register.staff_site.searched_words import seal

# On the page of its own there is room for more than below the box.
MANY = 20


@require_http_methods(["GET", "POST"])
def find(request: HttpRequest) -> HttpResponse:
    """Answer what is typed; it comes in the body, so that no address holds it."""
    is_part = request.headers.get("HX-Request") == "true"
    context = _answer(request, most=finding.FEW if is_part else MANY)
    if is_part:
        return TemplateResponse(request, "register/find_results.html", context)
    return TemplateResponse(
        request,
        "register/find_page.html",
        {**admin.site.each_context(request), **context},
    )


def _answer(request: HttpRequest, *, most: int) -> dict[str, Any]:
    user: User = request.user  # type: ignore[assignment]
    text = request.POST.get("words", "").strip()
    if identity_codes.holds_code(text):
        return {"refusal": identity_codes.SENTENCE}
    groups = finding.find(text, user=user, most=most)
    if len(text) >= finding.SHORTEST:
        actor = actors.of_request(request)
        for source in finding.sources_for(user):
            audit.record(
                "register.searched",
                actor=actor,
                object_type=source.label,
                count=sum(len(g.found) for g in groups if g.source is source),
                query=fingerprint(text),
            )
    prefixes = search_prefixes(text)
    return {
        "words": text,
        "is_too_short": len(text) < finding.SHORTEST,
        "shortest": finding.SHORTEST,
        "found_count": sum(len(group.found) for group in groups),
        "groups": [
            {
                "source": group.source,
                "all_url": _all_results(group, text, user),
                "records": [
                    {
                        "url": found.url,
                        "title": finding.marked(found.title, prefixes),
                        "details": [
                            finding.marked(part, prefixes)
                            for part in found.details
                            if part
                        ],
                    }
                    for found in group.found
                ],
            }
            for group in groups
        ],
    }


def _all_results(group: finding.Group, text: str, user: User) -> str:
    if not (group.has_more and group.source.all_results):
        return ""
    query = urlencode({SEARCH_VAR: seal(text, user=user)})
    return f"{reverse(group.source.all_results)}?{query}"
