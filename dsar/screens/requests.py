"""The page of a request: its clock, its steps, and what was done."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from dsar import selectors, wording
from dsar.lights import light_of
from dsar.models import Request, SuspensionReason
from dsar.screens import steps
from dsar.services import closing, collection, deadlines, requests as services
from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.screens.looks import of_person

# Outcomes that are chosen by hand; erasing closes its request itself.
BY_HAND = (
    Request.Outcome.DELIVERED,
    Request.Outcome.NOT_FOUND,
    Request.Outcome.REFUSED,
)


@require_safe
def show(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Show a request to those who may see requests; identifiers to those who work on it."""
    access.require(request.user, Action.VIEW, Category.REQUESTS)
    obj = load(object_id)
    may_change = access.may(request.user, Action.CHANGE, Category.REQUESTS)
    services.record("request.viewed", obj, actor=actors.of_request(request))
    clock = selectors.clock_of(obj)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Request %(number)s") % {"number": obj},
        "opts": model_admin.opts,
        "object": obj,
        "clock": clock,
        "light": light_of(
            obj,
            due_on=clock.due_on,
            today=timezone.localdate(),
            is_suspended=clock.suspended,
        ),
        "events": _events(obj, may_read=may_change),
        "may_change": may_change,
        "is_open": obj.state != Request.State.CLOSED,
        "suspension_reasons": SuspensionReason.choices,
        "outcomes": [(each.value, each.label) for each in _outcomes(obj)],
        **steps.context(request, obj),
    }
    return render(request, "dsar/request_show.html", context)


@require_safe
def looks(
    request: HttpRequest, request_id: uuid.UUID, key: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Show who looked at the person of a request."""
    access.require(request.user, Action.VIEW, Category.REQUESTS)
    obj = load(str(request_id))
    if obj.is_collective or not obj.people.filter(subject_id=key).exists():
        raise Http404
    services.record("request.viewed", obj, actor=actors.of_request(request))
    return of_person(request, key)


@require_POST
def clock(
    request: HttpRequest, request_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Stop the clock, let it go on, or extend the time."""
    obj = load_to_change(request, request_id)
    actor = actors.of_request(request)
    try:
        at = _time(request)
        match request.POST.get("action"):
            case "suspend":
                reason = request.POST.get("reason", "")
                deadlines.suspend(obj, reason=reason, actor=actor, at=at)
                messages.success(request, _("The clock is stopped."))
            case "resume":
                deadlines.resume(obj, actor=actor, at=at)
                messages.success(request, _("The clock goes on."))
            case "extend":
                reasons = request.POST.get("reasons", "")
                deadlines.extend(obj, reasons=reasons[:200], actor=actor, at=at)
                messages.success(request, _("The time to answer is extended."))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:dsar_request_change", obj.pk)


@require_POST
def collect(
    request: HttpRequest, request_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Collect what the register holds about the person."""
    obj = load_to_change(request, request_id)
    try:
        found = collection.collect(obj, actor=actors.of_request(request))
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:dsar_request_change", obj.pk)
    if found.waiting:
        messages.success(
            request, _("Collected. Some values may speak of others; review them.")
        )
        return redirect("admin:dsar_request_review", obj.pk)
    messages.success(request, _("Collected. Nothing has to be reviewed."))
    return redirect("admin:dsar_request_change", obj.pk)


@require_POST
def close(
    request: HttpRequest, request_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Close the request with an outcome."""
    obj = load_to_change(request, request_id)
    outcome = request.POST.get("outcome", "")
    reason = request.POST.get("reason", "")[:200]
    try:
        closing.close(
            obj,
            outcome=outcome if outcome in BY_HAND else "",
            reason=reason,
            actor=actors.of_request(request),
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("The request is closed."))
    return redirect("admin:dsar_request_change", obj.pk)


def load(object_id: str | uuid.UUID) -> Request:
    """Return a request, or answer that there is none."""
    try:
        pk = uuid.UUID(str(object_id))
    except ValueError:
        raise Http404 from None
    found = Request.objects.select_related("handled_by").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def load_to_change(request: HttpRequest, request_id: uuid.UUID) -> Request:
    """Return a request to those who may work on requests."""
    access.require(request.user, Action.CHANGE, Category.REQUESTS)
    return load(request_id)


def _events(obj: Request, *, may_read: bool) -> list[dict[str, Any]]:
    """Return what happened, newest first; free text only to those who work on it."""
    events = obj.events.select_related("by").order_by("-at", "-id")
    return [
        {
            "at": event.at,
            "what": event.get_kind_display(),
            "by": event.by.get_full_name() if event.by else "",
            "reason": wording.event_reason(event.reason)
            if may_read or event.reason in SuspensionReason.values
            else "",
            "is_of_clock": event.kind in selectors.CLOCK_EVENTS,
        }
        for event in events
    ]


def _outcomes(obj: Request) -> list[Request.Outcome]:
    if obj.kind == Request.Kind.ACCESS:
        return list(BY_HAND)
    return [Request.Outcome.NOT_FOUND, Request.Outcome.REFUSED]


def _time(request: HttpRequest) -> datetime | None:
    """Return when it happened, if that was not just now."""
    text = request.POST.get("at", "").strip()
    if not text:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise DomainError("bad_time", _("Write the time as a date and a time of day."))
    return timezone.make_aware(at) if timezone.is_naive(at) else at
