"""The review: each value that may speak of others, in its conversation."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

import filetype
from django.contrib import messages
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from dsar import conversations
from dsar.conversations import Conversation
from dsar.models import Finding, Request
from dsar.scope import scope_of
from dsar.screens.requests import load_to_change
from dsar.services import requests as services, review as reviewing
from dsar.services.review import Decision
from register import access, actors
from register.datamap.graph import graph
from register.datamap.vocabulary import Action
from register.errors import DomainError


@require_http_methods(["GET", "HEAD", "POST"])
def review(
    request: HttpRequest, request_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Show a conversation with its decisions; POST takes decisions."""
    obj = load_to_change(request, request_id)
    if request.method == "POST" and _decided(request, obj):
        return redirect(_next_url(request, obj))
    found = conversations.conversations(obj)
    chosen = _chosen(request, found)
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Review of request %(number)s") % {"number": obj},
        "opts": model_admin.opts,
        "object": obj,
        "progress": reviewing.progress(obj),
        "conversations": [
            (each, _url(obj, each))
            for each in found[: conversations.MOST_CONVERSATIONS]
        ],
        "hidden_count": max(0, len(found) - conversations.MOST_CONVERSATIONS),
        "tables": _tables(found),
        "grounds": Finding.Ground.choices,
        "is_open": obj.state != Request.State.CLOSED,
        "chosen": chosen,
    }
    if chosen is not None:
        access.require(request.user, Action.VIEW, chosen.entry.map.category)
        services.record("request.values_viewed", obj, actor=actors.of_request(request))
        page = _number(request.GET.get("page", ""))
        lines, pages = conversations.lines_of(chosen, obj, scope_of(obj), page=page)
        context |= {
            "lines": [(line, _forms(request, line)) for line in lines],
            "page": min(page, pages),
            "pages": [(n, _url(obj, chosen, page=n)) for n in range(1, pages + 1)],
        }
    return render(request, "dsar/request_review.html", context)


@require_GET
def file(
    request: HttpRequest, request_id: uuid.UUID, finding_id: int, model_admin: Any
) -> HttpResponseBase:
    """Send a file that waits for review, to be looked at or listened to."""
    obj = load_to_change(request, request_id)
    finding = get_object_or_404(Finding, pk=finding_id, request=obj)
    if (entry := graph().entries.get(finding.table)) is None:
        raise Http404
    access.require(request.user, Action.VIEW, entry.map.category)
    if finding.field not in entry.file_fields:
        raise Http404
    row = entry.model._base_manager.filter(pk=finding.row_key).first()
    stored = getattr(row, finding.field, None)
    try:
        content = stored.open("rb") if stored else None
    except FileNotFoundError:
        content = None
    if content is None:
        raise Http404
    services.record("request.file_opened", obj, actor=actors.of_request(request))
    kind = filetype.guess_mime(content.read(8192)) or "application/octet-stream"
    content.seek(0)
    is_harmless = kind.startswith(("audio/", "image/", "video/"))
    return FileResponse(content, content_type=kind, as_attachment=not is_harmless)


def _decided(request: HttpRequest, obj: Request) -> bool:
    """Take the decisions of a form; False if they were refused and must be shown again."""
    actor = actors.of_request(request)
    try:
        if request.POST.get("action") == "bulk":
            progress = reviewing.decide_all(
                obj,
                verdict=request.POST.get("verdict", ""),
                ground=request.POST.get("ground", ""),
                table=request.POST.get("table", ""),
                conversation=request.POST.get("conversation", ""),
                actor=actor,
            )
        else:
            progress = reviewing.decide(obj, decisions=_decisions(request), actor=actor)
    except DomainError as error:
        messages.error(request, str(error))
        return False
    messages.success(
        request,
        _("%(done)s of %(total)s values are reviewed.")
        % {"done": progress.done, "total": progress.total},
    )
    return True


def _decisions(request: HttpRequest) -> dict[int, Decision]:
    found = {}
    for name, verdict in request.POST.items():
        prefix, _dash, number = name.partition("-")
        if prefix == "verdict" and number.isdigit() and verdict:
            found[int(number)] = Decision(
                str(verdict),
                ground=request.POST.get(f"ground-{number}", ""),
                redacted=request.POST.get(f"redacted-{number}", "").replace(
                    "\r\n", "\n"
                ),
            )
    return found


def _forms(request: HttpRequest, line: conversations.Line) -> list[dict[str, Any]]:
    """Return the values of a line with what stands in the form: typed, decided, proposed."""
    forms = []
    for value in line.values:
        number = value.finding.pk
        decided = value.finding.verdict
        is_waiting = decided == Finding.Verdict.WAITING
        forms.append(
            {
                "value": value,
                "verdict": request.POST.get(
                    f"verdict-{number}", "" if is_waiting else decided
                ),
                "ground": request.POST.get(
                    f"ground-{number}", value.finding.ground or Finding.Ground.OTHERS
                ),
                "redacted": request.POST.get(f"redacted-{number}", value.proposal),
            }
        )
    return forms


def _chosen(request: HttpRequest, found: list[Conversation]) -> Conversation | None:
    """Return the conversation of the link, else the first that waits."""
    asked = (request.GET.get("table", ""), request.GET.get("conversation", ""))
    for each in found:
        if (each.table, each.code) == asked:
            return each
    return found[0] if found else None


def _tables(found: list[Conversation]) -> list[dict[str, Any]]:
    """Return the progress by table."""
    tables: dict[str, dict[str, Any]] = {}
    for each in found:
        table = tables.setdefault(
            each.table,
            {
                "label": each.table,
                "name": each.entry.model._meta.verbose_name_plural,
                "waiting": 0,
                "total": 0,
            },
        )
        table["waiting"] += each.waiting
        table["total"] += each.total
    return list(tables.values())


def _next_url(request: HttpRequest, obj: Request) -> str:
    """Return the same page while something waits in the conversation, else the next one."""
    found = conversations.conversations(obj)
    here = _chosen(request, found)
    waiting = next((each for each in found if each.waiting), None)
    if waiting is None:
        return reverse("admin:dsar_request_change", args=[obj.pk])
    if here is not None and here.waiting:
        page = _number(request.GET.get("page", ""))
        is_bulk = request.POST.get("action") == "bulk"
        return _url(obj, here, page=page if is_bulk else page + 1)
    return _url(obj, waiting)


def _url(obj: Request, conversation: Conversation, page: int = 1) -> str:
    query = {"table": conversation.table, "conversation": conversation.code}
    if page > 1:
        query["page"] = str(page)
    path = reverse("admin:dsar_request_review", args=[obj.pk])
    return f"{path}?{urlencode(query)}"


def _number(text: str) -> int:
    return (
        max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1
    )
