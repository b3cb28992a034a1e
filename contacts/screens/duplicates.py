"""Two records side by side, and what becomes of them: not the same, or merged."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from contacts.models import Contact, Merge, Pair
from contacts.screens import comparing, merging
from contacts.screens.comparing import categories_of, may_merge, page_url
from contacts.screens.side_by_side import name_of, reasons_seen
from contacts.services.duplicates import decisions, scan
from contacts.services.merging import orders
from register import access, actors, audit
from register.datamap.vocabulary import Action
from register.errors import DomainError
from register.models import Job
from register.screens import jobs as job_screens
from register.services import jobs


def url_name(model: type[Pair]) -> str:
    """Return the name of the page that compares pairs of this model."""
    return f"admin:contacts_{model._meta.model_name}_compare"


def list_url(model: type[Pair]) -> str:
    """Return the address of the list of these pairs."""
    return reverse(f"admin:contacts_{model._meta.model_name}_changelist")


def order_scan(request: HttpRequest) -> HttpResponse:
    """Have everybody compared with everybody, unless that is under way."""
    running = Job.objects.filter(
        kind=scan.KIND_OF_JOB, state__in=[Job.State.QUEUED, Job.State.RUNNING]
    ).first()
    job = running or jobs.order(
        scan.KIND_OF_JOB, object_id="", actor=actors.of_request(request)
    )
    return redirect("admin:register_job_progress", job.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, pair_id: int, model: type[Pair]) -> HttpResponse:
    """Show two records side by side to whoever may see both, and take the decision."""
    pair = _pair_for(request, pair_id, model)
    if pair is None:
        messages.info(
            request,
            _("These two are not in the list any more: they were merged or changed."),
        )
        return redirect(list_url(model))
    if request.method == "POST":
        if not may_merge(request.user, model.of()):
            raise PermissionDenied
        return _decide(request, pair)
    found: Any = pair
    comparing.record_reading(request, found.first, found.second)
    return TemplateResponse(
        request,
        "contacts/pair_compare.html",
        {
            **admin.site.each_context(request),
            "title": _("Possible duplicate"),
            "opts": model._meta,
            "pair": pair,
            "in_queue": True,
            "why": reasons_seen(request.user, pair),
            "is_decided": pair.state == Pair.State.DIFFERENT,
            "back_url": list_url(model),
            **comparing.context_of(request, found.first, found.second),
        },
    )


def _pair_for(request: HttpRequest, pair_id: int, model: type[Pair]) -> Pair | None:
    """Return a pair to whoever may see both of it; for others it does not exist."""
    for category in categories_of(model.of())[:1]:
        access.require(request.user, Action.VIEW, category)
    records = access.visible_to(request.user, model.of()._default_manager.all())
    managed: Any = model
    pairs = managed._default_manager.select_related("first", "second")
    found: Pair | None = pairs.filter(
        pk=pair_id, first__in=records, second__in=records
    ).first()
    return found


def _decide(request: HttpRequest, pair: Pair) -> HttpResponse:
    actor = actors.of_request(request)
    model = type(pair)
    try:
        if "different" in request.POST:
            decisions.mark_different(pair, actor=actor)
            messages.success(
                request,
                _("Remembered: they are not the same. You will not be asked again."),
            )
            return redirect(list_url(model))
        if "reopen" in request.POST:
            decisions.reopen(pair, actor=actor)
            return redirect(url_name(model), pair.pk)
        found: Any = pair
        job = comparing.order(request, found.first, found.second)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(url_name(model), pair.pk)
    if job is None:
        return redirect(url_name(model), pair.pk)
    return redirect("admin:register_job_progress", job.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def show_merge(
    request: HttpRequest, merge_id: uuid.UUID, model: type[Merge]
) -> HttpResponse:
    """Show a merge to whoever may see the record that stayed; take the order to undo it."""
    access.require(request.user, Action.VIEW, categories_of(model.of())[0])
    records = access.visible_to(request.user, model.of()._default_manager.all())
    managed: Any = model
    merges = managed._default_manager.select_related("kept")
    merge: Any = get_object_or_404(merges, pk=merge_id, kept__in=records)
    may_undo = may_merge(request.user, model.of())
    actor = actors.of_request(request)
    if request.method == "POST":
        if not may_undo:
            raise PermissionDenied
        access.require_row(request.user, Action.CHANGE, merge.kept)
        try:
            _order, job = orders.order_undo(merge, actor=actor)
        except DomainError as error:
            messages.error(request, str(error))
            return redirect(request.path)
        return redirect("admin:register_job_progress", job.pk)
    audit.record(
        "record.viewed",
        actor=actor,
        obj=merge,
        subject_id=merge.kept_id if merge.kept._meta.model is Contact else None,
    )
    return TemplateResponse(
        request,
        "contacts/merge_show.html",
        {
            **admin.site.each_context(request),
            "title": _("Merge"),
            "opts": model._meta,
            "merge": merge,
            "name": name_of(access.as_seen(request.user, merge.kept)),
            "url": page_url(merge.kept),
            "changes_url": reverse(
                f"admin:contacts_{model.of()._meta.model_name}_changes",
                args=[merge.kept_id],
            ),
            "refusal": orders.why_not(merge),
            "may_undo": may_undo and merge.state == Merge.State.DONE,
            "left": [_label(model, name) for name in merge.left],
            "compare_url": _compare_url(merge) if may_undo else "",
        },
    )


def _label(model: type[Merge], name: str) -> str:
    names = {field.name: field for field in model.of()._meta.concrete_fields}
    return str(names[name].verbose_name) if name in names else str(_("other fields"))


def _compare_url(merge: Any) -> str:
    """Return where a merge that was refused is tried again; "" if both are not there."""
    if merge.state != Merge.State.REFUSED:
        return ""
    model = type(merge).of()
    if model._default_manager.filter(pk__in=[merge.kept_id, merge.gone_id]).count() < 2:
        return ""
    return merging.two_url(model, merge.kept_id, merge.gone_id)


def merge_url(merge: Any) -> str:
    """Return the address of a merge's page."""
    return reverse(f"admin:contacts_{merge._meta.model_name}_show", args=[merge.pk])


def _destination(job: Job) -> str:
    """Return where a reader goes on after a merge: to the record that stayed.

    To the page of the merge where it was not carried out or not undone: it says why.
    """
    merge: Any = orders.merge_of_job(job)
    if merge is None:
        return ""
    return merge_url(merge) if merge.refusal else page_url(merge.kept)


for _code in (orders.MERGE, orders.UNDO):
    job_screens.register_destination(_code, _destination)
job_screens.register_destination(
    scan.KIND_OF_JOB, lambda _job: reverse("admin:contacts_contactpair_changelist")
)
