"""Where a request stands, step by step, and what may be done next."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from dsar.models import Request
from dsar.scope import row_counts, scope_of
from dsar.services import package, review
from dsar.services.search import Candidate, described
from register import access
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category
from register.screens import jobs as job_screens

State = Request.State
_ORDER = [State.RECEIVED, State.IDENTIFIED, State.REVIEW, State.REVIEWED, State.READY]


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """A step of the work, with whether it is done or the one to do now."""

    number: int
    title: Any
    is_done: bool
    is_current: bool


def context(request: HttpRequest, obj: Request) -> dict[str, Any]:
    """Return what the page of a request shows of the work on it."""
    found: dict[str, Any] = {
        # Of many people only the number is shown.
        "people": [] if obj.is_collective else people_of(obj, request.user),
        "people_count": obj.people.count(),
        "records": list(obj.records.all()),
        "may_export": access.may(request.user, Action.EXPORT, Category.REQUESTS),
    }
    if obj.kind == Request.Kind.ACCESS:
        found |= _of_access(obj)
    else:
        found |= _of_erasure(request, obj)
    return found


def people_of(obj: Request, user: object) -> list[Candidate]:
    """Return the confirmed persons, with names for those who may see them."""
    ids = obj.people.order_by("pk").values_list("subject_id", flat=True)
    return described({subject_id: {} for subject_id in ids}, user)


def _of_access(obj: Request) -> dict[str, Any]:
    progress = review.progress(obj)
    packages = list(obj.packages.order_by("-created_at"))
    job = package.last_job(obj)
    counts: list[tuple[Any, int]] = []
    if obj.state not in (State.RECEIVED, State.CLOSED):
        counts = [
            (graph()[label].model._meta.verbose_name_plural, count)
            for label, count in row_counts(obj, scope_of(obj)).items()
            if count
        ]
    return {
        "steps": _steps(obj, downloaded=any(each.downloaded_at for each in packages)),
        "progress": progress,
        "counts": counts,
        "row_total": sum(count for _, count in counts),
        "packages": packages,
        "may_pack": obj.state in (State.REVIEWED, State.READY)
        and (job is None or job.is_over),
        **(job_screens.progress_context(job) if job and _is_shown(job, obj) else {}),
    }


def _is_shown(job: Any, obj: Request) -> bool:
    """Whether the job still says something: it runs, or it broke off last."""
    return not job.is_over or (job.state == "failed" and obj.state != State.CLOSED)


def _steps(obj: Request, *, downloaded: bool) -> list[Step]:
    titles = [
        _("Find the person"),
        _("Collect"),
        _("Review"),
        _("Make the package"),
        _("Hand over and close"),
    ]
    if obj.state == State.CLOSED:
        place = len(titles)
    else:
        place = _ORDER.index(State(obj.state)) if obj.state in _ORDER else 0
    return [
        Step(number + 1, title, number < place, number == place)
        for number, title in enumerate(titles)
    ]


def _of_erasure(request: HttpRequest, obj: Request) -> dict[str, Any]:
    """Return what the erasure's own section shows (:mod:`dsar.screens.erasure`)."""
    # Here, because that module builds on the page of the request, which asks this one.
    from dsar.screens import erasure

    template = "dsar/erasure_section.html"
    return {"erasure_template": template, **erasure.section(request, obj)}
