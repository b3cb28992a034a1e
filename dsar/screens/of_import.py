"""From an import to a request to erase the people whom it added."""

from __future__ import annotations

import uuid
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _, ngettext
from django.views.decorators.http import require_http_methods

from contacts import import_links
from contacts.import_links import Link
from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import batches
from dsar.forms import CollectiveForm
from dsar.models import Request
from dsar.services import collective
from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError


def urls(model_admin: Any) -> list[URLPattern]:
    """Return the address, for the screens of the table of requests."""
    view = partial(open_for_import, model_admin=model_admin)
    return [
        path(
            "of-import/<uuid:batch_id>/",
            model_admin.admin_site.admin_view(view),
            name="dsar_request_of_import",
        )
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def open_for_import(
    request: HttpRequest, batch_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Say how many it would be about and ask whose decision it is; POST opens it."""
    if not may_open(request.user):
        raise PermissionDenied
    batch = get_object_or_404(ImportBatch, pk=batch_id)
    form = CollectiveForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            opened = collective.open_for_source(
                batch,
                people_of(batch),
                **form.cleaned_data,
                actor=actors.of_request(request),
            )
        except DomainError as error:
            field = error.field if error.field in form.fields else None
            form.add_error(field, str(error))
        else:
            messages.success(
                request, _("The request is open. Nothing is erased by that.")
            )
            return redirect("admin:dsar_request_change", opened.pk)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Erase the people of an import"),
        "opts": model_admin.opts,
        "batch": batch,
        "count": people_of(batch).count(),
        "form": form,
    }
    return render(request, "dsar/request_of_import.html", context)


def register_links() -> None:
    """Make the links known to the page of an import."""
    import_links.register_links("erasure", links_of)


def links_of(batch: ImportBatch, *, user: Any) -> list[Link]:
    """Return the way to a request about them, or to the open one that there is."""
    if not may_open(user):
        return []
    if count := people_of(batch).count():
        text = ngettext(
            "Erase the %(count)d person it added",
            "Erase the %(count)d people it added",
            count,
        ) % {"count": count}
        url = reverse("admin:dsar_request_of_import", args=[batch.pk])
        return [Link(text, url, "person_remove")]
    return [
        Link(
            gettext("Request %(number)s to erase the people it added")
            % {"number": request},
            reverse("admin:dsar_request_change", args=[request.pk]),
            "inbox",
        )
        for request in _open_requests(batch)
    ]


def may_open(user: object) -> bool:
    """Whether the user may open it, and may see what the import tells."""
    seen = (Category.IMPORTS, Category.IDENTITY)
    return collective.may_open(user) and all(
        access.may(user, Action.VIEW, category) for category in seen
    )


def people_of(batch: ImportBatch) -> QuerySet[ImportRow, uuid.UUID]:
    """The keys of the people whom an import added and whom one could ask to erase.

    Nobody before the import is done, and nobody who was asked for already.
    """
    if batch.state != ImportBatch.State.DONE:
        return batches.people_added(batch).none()
    asked = collective.asked_already()
    return batches.people_added(batch).exclude(contact__in=asked)


def _open_requests(batch: ImportBatch) -> QuerySet[Request]:
    """The open requests about many people whom an import added, the oldest first."""
    asked = collective.asked_already().filter(
        subject_id__in=batches.people_added(batch)
    )
    found = Request.objects.filter(pk__in=asked.values("request"))
    return found.order_by("number")
