"""One masked address or number, shown once and on the record."""

from __future__ import annotations

import uuid

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from contacts.models import ContactPoint
from register import access, actors, audit
from register.datamap.vocabulary import Action, Category

# Serving a customer takes one or two; whoever needs more should have another role.
MOST_AN_HOUR = 30


@require_POST
def point(
    request: HttpRequest, object_id: uuid.UUID, point_id: int, model_admin: object
) -> HttpResponse:
    """Show a masked value to its reader for this page, with an entry of who and why.

    What is hidden is not revealed: it does not exist for this reader.
    """
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    points = ContactPoint.objects.select_related("contact")
    found = get_object_or_404(points, pk=point_id, contact=object_id)
    if not access.shown(request.user, ContactPoint, "value", kind=found.kind):
        raise Http404
    is_masked = not access.in_clear(
        request.user, ContactPoint, "value", kind=found.kind
    )
    value, status = found.value, 200
    if is_masked and not _is_allowed(request):
        value, status = "", 429
    elif is_masked:
        audit.record(
            "record.revealed",
            actor=actors.of_request(request),
            obj=found,
            subject_id=found.contact_id,
            fields=["value"],
        )
    context = {
        "value": value,
        "contact": access.as_seen(request.user, found.contact),
        "most": MOST_AN_HOUR,
    }
    if request.headers.get("HX-Request"):
        # Errors are shown in the place of the value, too.
        response = render(request, "contacts/revealed_value.html", context)
    else:
        context |= {
            **model_admin.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": _("Revealed"),
        }
        response = render(
            request, "contacts/revealed_show.html", context, status=status
        )
    response["Cache-Control"] = "no-store"
    return response


def _is_allowed(request: HttpRequest) -> bool:
    """Count what the reader reveals this hour."""
    key = f"revealed:{request.user.pk}"
    cache.add(key, 0, timeout=3600)
    return int(cache.incr(key)) <= MOST_AN_HOUR
