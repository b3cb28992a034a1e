"""Taking a right for a while, and giving it back."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from register import actors
from register.errors import DomainError
from register.models import Elevation, ElevationRight, User
from register.services import rights

HOURS = (1, 2, 4, 8)


@require_http_methods(["GET", "HEAD", "POST"])
def take(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Offer what the reader's roles let him take, and take it with a reason."""
    user: User = request.user  # type: ignore[assignment]
    offered, error = rights.may_take(user), ""
    if request.method == "POST":
        chosen = next(
            (each for each in offered if str(each.pk) == request.POST.get("right")),
            None,
        )
        hours = request.POST.get("hours", "1")
        if chosen is None or hours not in {str(n) for n in HOURS}:
            error = str(_("Choose a right and how long you need it."))
        else:
            error = _take(request, chosen, int(hours))
        if not error:
            messages.success(request, _("You have the right now. It ends by itself."))
            return redirect("admin:register_elevation_take")
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Rights for a while"),
        "offered": offered,
        "taken": rights.taken_by(user),
        "hours": HOURS,
        "error": error,
        "reason": request.POST.get("reason", ""),
        "chosen": request.POST.get("right", ""),
        "chosen_hours": request.POST.get("hours", ""),
        "opts": model_admin.opts,
    }
    return render(
        request, "register/elevation_take.html", context, status=422 if error else 200
    )


@require_POST
def give_back(request: HttpRequest, object_id: uuid.UUID) -> HttpResponse:
    """End a right of the reader's own."""
    elevation = get_object_or_404(Elevation, pk=object_id, user=request.user.pk)
    rights.give_back(elevation, actor=actors.of_request(request))
    messages.success(request, _("The right is given back."))
    return redirect("admin:register_elevation_take")


def _take(request: HttpRequest, chosen: ElevationRight, hours: int) -> str:
    try:
        rights.take(
            chosen,
            reason=request.POST.get("reason", "").replace("\0", ""),
            lasting=timedelta(hours=hours),
            actor=actors.of_request(request),
        )
    except DomainError as refused:
        return str(refused)
    return ""
