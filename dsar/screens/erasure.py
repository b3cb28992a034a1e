"""The erasure of a request: its plan, its way through four eyes, its record.

The pages show numbers, names of tables and dates; no value of the person is on them.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable
from datetime import date
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy as _, ngettext
from django.views.decorators.http import require_POST, require_safe

from dsar.models import ErasurePlan, Request
from dsar.screens.requests import load, load_to_change
from dsar.services import erasure, requests as services, verification
from dsar.services.erasure_plan import MENTION, NAMESAKE, UNDECIDED
from dsar.wording import table_name
from register import access, actors
from register.actors import Actor
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category, Erasure
from register.errors import DomainError
from register.models import Approval, Job
from register.screens import jobs as job_screens
from register.screens.rows import field_name

State = Request.State
_UNDECIDED = (State.IDENTIFIED, State.PLANNED, State.APPROVAL)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A line of a plan in words."""

    table: str
    rows: int
    files: int = 0
    law: str = ""
    until: date | None = None
    fields: tuple[Any, ...] = ()


def urls(model_admin: Any) -> list[URLPattern]:
    """Return the addresses of the erasure, for the screens of the table of requests."""
    view = model_admin.admin_site.admin_view
    return [
        path(
            "<uuid:request_id>/erasure/",
            view(partial(page, model_admin=model_admin)),
            name="dsar_request_erasure",
        ),
        path(
            "<uuid:request_id>/erasure/act/",
            view(act),
            name="dsar_request_erasure_act",
        ),
        path(
            "<uuid:request_id>/erasure/record/",
            view(record),
            name="dsar_request_erasure_record",
        ),
    ]


def section(request: HttpRequest, obj: Request) -> dict[str, Any]:
    """Return what the page of a request shows of its erasure."""
    plan = _plan_of(obj)
    found: dict[str, Any] = {
        "plan": plan,
        "is_open": obj.state != State.CLOSED,
        "approval": _approval(obj),
    }
    if plan is not None:
        found |= _groups(plan)
        found["row_totals"] = _totals(plan)
    job = _shown_job(obj)
    if job is not None:
        found |= job_screens.progress_context(job)
        found["is_planning"] = job.kind == erasure.PLAN and not job.is_over
    return found


@require_safe
def page(request: HttpRequest, request_id: uuid.UUID, model_admin: Any) -> HttpResponse:
    """Show the plan to whoever may see requests, and what stands in its way."""
    access.require(request.user, Action.VIEW, Category.REQUESTS)
    obj = _load_erasure(request_id)
    services.record("request.viewed", obj, actor=actors.of_request(request))
    is_undecided = obj.state in _UNDECIDED
    plan = _plan_of(obj)
    looked = erasure.look(obj) if is_undecided else None
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _("Erasure for request %(number)s") % {"number": obj},
        "opts": model_admin.opts,
        "object": obj,
        "may_change": access.may(request.user, Action.CHANGE, Category.REQUESTS),
        "obstacles": looked.obstacles(obj) if looked else [],
        "is_outdated": bool(looked and plan and not looked.is_as_in(plan)),
        **section(request, obj),
    }
    return render(request, "dsar/erasure_show.html", context)


@require_POST
def act(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Take one step: plan, submit, discard, try again, search again, judge."""
    obj = load_to_change(request, request_id)
    try:
        messages.success(request, _done(request, obj, actors.of_request(request)))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:dsar_request_erasure", obj.pk)


@require_safe
def record(request: HttpRequest, request_id: uuid.UUID) -> HttpResponse:
    """Show the record of a finished erasure as a page to print and file."""
    access.require(request.user, Action.VIEW, Category.REQUESTS)
    obj = _load_erasure(request_id)
    plan = _plan_of(obj)
    if plan is None or plan.executed_at is None:
        raise Http404
    deleted = [
        Line(table_name(graph()[label]), count)
        for label, count in sorted(plan.deleted.items())
        if label in graph().entries
    ]
    context = {
        "object": obj,
        "plan": plan,
        "approval": _approval(obj),
        "deleted": sorted(deleted, key=lambda line: line.table),
        "acknowledged": _places(plan.acknowledged),
        "left_over": _places(plan.left_over),
        **_groups(plan),
    }
    return render(request, "dsar/erasure_record.html", context)


def _done(request: HttpRequest, obj: Request, actor: Actor) -> Any:
    """Take the step that was asked for; return the sentence that says so."""
    match request.POST.get("action"):
        case "plan":
            erasure.order_plan(obj, actor=actor)
            return _("The plan is being made. Nothing is erased by that.")
        case "namesakes":
            includes = request.POST.get("includes_namesakes") == "on"
            erasure.decide_about_namesakes(obj, includes=includes, actor=actor)
            return _("The plan is changed.")
        case "submit":
            erasure.submit(obj, actor=actor)
            return _("The plan waits for a second person in the approvals.")
        case "discard":
            erasure.discard(obj, actor=actor)
            return _("The plan is discarded.")
        case "again":
            erasure.try_again(obj, actor=actor)
            return _("The erasure is tried again.")
        case "search":
            verification.order_search(obj, actor=actor)
            return _("Everything is being searched again.")
        case "acknowledge":
            chosen = request.POST.getlist("place")
            verification.acknowledge(obj, places_judged=chosen, actor=actor)
            return ngettext(
                "%(count)d place was judged to be lawful.",
                "%(count)d places were judged to be lawful.",
                len(chosen),
            ) % {"count": len(chosen)}
    raise DomainError("unknown_step", _("Choose what is to be done."))


def _shown_job(obj: Request) -> Job | None:
    """Return the job whose progress or failure says something now."""
    if obj.state == State.EXECUTING:
        return erasure.job_of(obj)
    job = erasure.planning_job(obj)
    if job is None or obj.state not in _UNDECIDED:
        return None
    return None if job.state == Job.State.DONE else job


def _load_erasure(request_id: uuid.UUID) -> Request:
    obj = load(request_id)
    if obj.kind != Request.Kind.ERASURE:
        raise Http404
    return obj


def _plan_of(obj: Request) -> ErasurePlan | None:
    return ErasurePlan.objects.filter(request=obj).first()


def _approval(obj: Request) -> Approval | None:
    """Return the newest question to a second person about this erasure."""
    return (
        Approval.objects.select_related("requested_by", "decided_by")
        .filter(kind=erasure.APPROVAL, object_id=str(obj.pk))
        .order_by("-requested_at")
        .first()
    )


def _groups(plan: ErasurePlan) -> dict[str, Any]:
    """Return the lines of a plan by what becomes of the rows."""

    def of(*verdicts: str) -> list[Line]:
        found = [_line(line) for line in plan.lines if line["verdict"] in verdicts]
        return sorted(found, key=lambda line: line.table)

    return {
        "deleted_lines": of(Erasure.DELETE_ROW),
        "rewritten_lines": of(Erasure.SCRUB),
        "mention_lines": of(MENTION),
        "namesake_lines": of(NAMESAKE),
        "undecided_lines": of(UNDECIDED),
        "emptied_lines": of(Erasure.BLANK, Erasure.CONSTANT),
        "kept_lines": of(Erasure.KEEP),
        "left_places": _places(plan.left_over),
    }


def _line(line: dict[str, Any]) -> Line:
    entry = graph().entries.get(line["table"])
    until = line.get("until")
    return Line(
        table=table_name(entry) if entry else line["table"],
        rows=line["rows"],
        files=line["files"],
        law="; ".join(gettext(law) for law in line["law"].split("; ")),
        until=date.fromisoformat(until) if until else None,
        fields=tuple(_field_name(line["table"], name) for name in line["fields"]),
    )


def _field_name(label: str, name: str) -> Any:
    entry = graph().entries.get(label)
    return field_name(entry.model, name) if entry else name


def _totals(plan: ErasurePlan) -> dict[str, int]:
    """Return the numbers of rows by what becomes of them, and of files."""
    totals: dict[str, int] = {"files": 0}
    for line in plan.lines:
        verdict = line["verdict"]
        totals[verdict] = totals.get(verdict, 0) + line["rows"]
        totals["files"] += line["files"]
    return totals


def _places(found: dict[str, int]) -> Iterable[tuple[str, int]]:
    return sorted(found.items())


for _kind in (erasure.PLAN, erasure.ERASE, *verification.JOBS):
    job_screens.register_destination(
        _kind, lambda job: reverse("admin:dsar_request_erasure", args=[job.object_id])
    )
