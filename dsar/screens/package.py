"""Ordering a package and taking it out."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from dsar.models import Package, Request
from dsar.screens.requests import load
from dsar.services import package
from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Job
from register.screens import jobs as job_screens
from register.services import protections


@require_POST
def order(
    request: HttpRequest, request_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Order the package; its progress shows on the page of the request."""
    access.require(request.user, Action.EXPORT, Category.REQUESTS)
    obj = load(request_id)
    try:
        package.order(obj, actor=actors.of_request(request))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:dsar_request_change", obj.pk)


@require_GET
def download(
    request: HttpRequest,
    request_id: uuid.UUID,
    package_id: uuid.UUID,
    model_admin: Any,
) -> HttpResponseBase:
    """Send the package, and note who took it."""
    access.require(request.user, Action.EXPORT, Category.REQUESTS)
    # While the request is open it is held, as what it holds is.
    exists = Q(ends_at__gt=timezone.now()) | ~Q(request__state=Request.State.CLOSED)
    found = Package.objects.filter(exists, pk=package_id, request=request_id).first()
    if found is None:
        raise Http404
    protected = protections.protected_among(
        found.request.people.values_list("subject_id", flat=True)
    )
    if protected and not protections.is_reader(request.user):
        messages.error(
            request,
            _(
                "The package tells where somebody with a protected address is. Ask a colleague who was named to see such addresses to take it out."
            ),
        )
        return redirect("admin:dsar_request_change", request_id)
    try:
        content = found.file.open("rb")
    except FileNotFoundError:
        raise Http404 from None
    actor = actors.of_request(request)
    if protected:
        protections.reveal(protected, purpose="data_subject_rights", actor=actor)
    package.note_download(found, actor=actor)
    name = f"request-{found.request.number}.zip"
    return FileResponse(
        content, as_attachment=True, filename=name, content_type="application/zip"
    )


def page_of(job: Job) -> str:
    """Return where to go on when a package is made."""
    return reverse("admin:dsar_request_change", args=[job.object_id])


job_screens.register_destination(package.KIND, page_of)
