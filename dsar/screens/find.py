"""Finding the person of a request and confirming it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from dsar.screens.requests import load_to_change
from dsar.services import identity, requests as services, search
from register import actors, identity_codes
from register.errors import DomainError


@require_http_methods(["GET", "HEAD", "POST"])
def find(request: HttpRequest, request_id: uuid.UUID, model_admin: Any) -> HttpResponse:
    """Show who may be meant; POST searches for more, or confirms.

    What is searched for in addition travels in the form, never in the address.
    """
    obj = load_to_change(request, request_id)
    if obj.is_collective:
        raise Http404
    actor = actors.of_request(request)
    if request.POST.get("action") == "confirm":
        try:
            identity.confirm_person(
                obj,
                subject_ids=[
                    uuid.UUID(text) for text in request.POST.getlist("person")
                ],
                records=[_record(text) for text in request.POST.getlist("record")],
                actor=actor,
            )
        except (DomainError, ValueError) as error:
            text = error if isinstance(error, DomainError) else _("Search again.")
            messages.error(request, str(text))
        else:
            messages.success(request, _("The person is confirmed."))
            return redirect("admin:dsar_request_change", obj.pk)
    more = request.POST.get("more", "").replace("\0", "")[:1000]
    if identity_codes.holds_code(more):
        more = identity_codes.masked(more)
        messages.error(request, str(identity_codes.SENTENCE))
    services.record("request.searched", obj, actor=actor)
    found = search.find(
        [*obj.identifiers, *more.splitlines()], user=request.user, request=obj
    )
    people = set(obj.people.values_list("subject_id", flat=True))
    records = {f"{record.table}:{record.row_key}" for record in obj.records.all()}
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Find the person of request %(number)s") % {"number": obj},
        "opts": model_admin.opts,
        "object": obj,
        "more": more,
        "candidates": [(each, each.subject_id in people) for each in found.candidates],
        "records": [(each, each.code in records) for each in found.records],
        "is_cut": found.is_cut,
    }
    return render(request, "dsar/request_find.html", context)


def _record(text: str) -> tuple[str, str]:
    label, _colon, key = text.partition(":")
    return label, key
