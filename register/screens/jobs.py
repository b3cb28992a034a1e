"""The progress of a background job: a page, and the part of it that renews itself."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.functional import Promise
from django.utils.translation import gettext as _now, gettext_lazy as _, ngettext

from register import access
from register.datamap.vocabulary import Action, Category
from register.models import Job
from register.services import jobs
from register.trouble import by_code as trouble_by_code

# Tells htmx to stop asking.
STOP_POLLING = 286
# What a job did in fewer seconds says nothing about the rest.
SECONDS_BEFORE_ESTIMATE = 10

_DESTINATIONS: dict[str, Callable[[Job], str]] = {}


def register_destination(kind: str, url: Callable[[Job], str]) -> None:
    """Say where a reader goes on once a job of this kind is over."""
    _DESTINATIONS[kind] = url


def urls() -> list[URLPattern]:
    """The addresses of the progress page, for the screens of the table of jobs."""
    view = admin.site.admin_view
    return [
        path("<uuid:job_id>/progress/", view(page), name="register_job_progress"),
        path(
            "<uuid:job_id>/progress/part/",
            view(fragment),
            name="register_job_progress_part",
        ),
    ]


def page(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Show how far a job is. Works without scripts, too: the page then reloads itself."""
    job = _job_for(request, job_id)
    return TemplateResponse(
        request,
        "register/job_progress.html",
        {
            **admin.site.each_context(request),
            **progress_context(job),
            "title": title_of(job),
        },
    )


def fragment(request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
    """Answer a page that asks every second; take it onwards once the job is done."""
    job = _job_for(request, job_id)
    html = render_to_string(
        "register/job_fragment.html", progress_context(job), request=request
    )
    response = HttpResponse(html, status=STOP_POLLING if job.is_over else 200)
    destination = destination_of(job)
    if job.state == Job.State.DONE and destination:
        response["HX-Redirect"] = destination
    return response


def progress_context(job: Job) -> dict[str, Any]:
    """What ``register/job_fragment.html`` needs, for pages that include it."""
    return {
        "job": job,
        "job_title": title_of(job),
        "job_destination": destination_of(job),
        "job_has_started": job.total > 0,
        "job_pause": pause_of(job),
        "job_time_left": time_left_of(job),
    }


def title_of(job: Job) -> str | Promise:
    """Return the kind of work in words."""
    kind = jobs.KINDS.get(job.kind)
    return kind.title if kind else _("Background work")


def pause_of(job: Job) -> str | Promise:
    """Return why an unfinished job stands still, or nothing."""
    trouble = trouble_by_code(job.error_code)
    return trouble.pause if trouble and not job.is_over else ""


def time_left_of(job: Job) -> str:
    """Return how long the rest takes at the pace so far, or nothing if that is unknown.

    From the signs of life, so that a job that stands still promises no end. A job with
    several parts counts each by itself, and so does this.
    """
    if (
        job.state != Job.State.RUNNING
        or job.counted_from_at is None
        or job.heartbeat_at is None
        or pause_of(job)
    ):
        return ""
    seconds = (job.heartbeat_at - job.counted_from_at).total_seconds()
    done = job.done - job.counted_from
    if seconds < SECONDS_BEFORE_ESTIMATE or done <= 0 or job.done >= job.total:
        return ""
    minutes = round((job.total - job.done) * seconds / done / 60)
    if minutes < 1:
        return _now("less than a minute left")
    if minutes < 90:
        sentence = ngettext(
            "about %(count)d minute left", "about %(count)d minutes left", minutes
        )
        return sentence % {"count": minutes}
    hours = round(minutes / 60)
    sentence = ngettext(
        "about %(count)d hour left", "about %(count)d hours left", hours
    )
    return sentence % {"count": hours}


def destination_of(job: Job) -> str:
    """Return where to go on from a job, or nothing."""
    found = _DESTINATIONS.get(job.kind)
    return found(job) if found else ""


def _job_for(request: HttpRequest, job_id: uuid.UUID) -> Job:
    """Return a job to whoever ordered it or may see jobs."""
    job = get_object_or_404(Job, pk=job_id)
    is_own = job.created_by_id == request.user.pk
    if not (is_own or access.may(request.user, Action.VIEW, Category.JOBS)):
        raise PermissionDenied
    return job
