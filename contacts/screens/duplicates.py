"""Two records side by side, and what becomes of them: not the same, or merged."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from contacts.models import Company, Contact, Merge, Pair
from contacts.models.duplicates import in_words
from contacts.screens.side_by_side import columns_of, name_of
from contacts.services.duplicates import decisions, scan
from contacts.services.merging import orders
from register import access, actors, audit
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Job
from register.screens import jobs as job_screens
from register.services import jobs

KEPT, SURE = "kept", "sure"


def url_name(model: type[Pair]) -> str:
    """Return the name of the page that compares pairs of this model."""
    return f"admin:contacts_{model._meta.model_name}_compare"


def list_url(model: type[Pair]) -> str:
    """Return the address of the list of these pairs."""
    return reverse(f"admin:contacts_{model._meta.model_name}_changelist")


def page_url(record: Any) -> str:
    """Return the address of a record's page."""
    name = "company_change" if isinstance(record, Company) else "contact_page"
    return reverse(f"admin:contacts_{name}", args=[record.pk])


def day(at: datetime) -> str:
    """Return the day of an instant, as the reader writes it."""
    return formats.date_format(timezone.localtime(at), "SHORT_DATE_FORMAT")


def order_scan(request: HttpRequest) -> HttpResponse:
    """Have everybody compared with everybody, unless that is under way."""
    running = Job.objects.filter(
        kind=scan.KIND_OF_JOB, state__in=[Job.State.QUEUED, Job.State.RUNNING]
    ).first()
    job = running or jobs.order(
        scan.KIND_OF_JOB, object_id="", actor=actors.of_request(request)
    )
    return redirect("admin:register_job_progress", job.pk)


def categories_of(model: type[Any]) -> tuple[Category, ...]:
    """Return what a merge of such records changes: whoever merges must be allowed to."""
    if model is Contact:
        return (Category.IDENTITY, Category.COMPANY)
    return (Category.COMPANY,)


@require_http_methods(["GET", "HEAD", "POST"])
def compare(request: HttpRequest, pair_id: int, model: type[Pair]) -> HttpResponse:
    """Show two records side by side to whoever may see both, and take the decision."""
    pair = _pair_for(request, pair_id, model)
    may_decide = _may_merge(request, model.of())
    if request.method == "POST":
        if not may_decide:
            raise PermissionDenied
        return _decide(request, pair)
    _record_reading(request, pair)
    found: Any = pair
    records = (found.first, found.second)
    return TemplateResponse(
        request,
        "contacts/pair_compare.html",
        {
            **admin.site.each_context(request),
            "title": _("Possible duplicate"),
            "opts": model._meta,
            "pair": pair,
            "records": [
                {"key": str(each.pk), "name": name_of(each), "url": page_url(each)}
                for each in records
            ],
            "why": in_words(pair.features),
            "is_decided": pair.state == Pair.State.DIFFERENT,
            "list_url": list_url(model),
            "may_decide": may_decide,
            # The older record is more likely the one that others point to.
            "proposed": str(min(records, key=lambda r: (r.created_at, r.pk)).pk),
            **columns_of(request.user, *records),
        },
    )


def _pair_for(request: HttpRequest, pair_id: int, model: type[Pair]) -> Pair:
    """Return a pair to whoever may see both of it; for others it does not exist."""
    for category in categories_of(model.of())[:1]:
        access.require(request.user, Action.VIEW, category)
    records = access.visible_to(request.user, model.of()._default_manager.all())
    managed: Any = model
    pairs = managed._default_manager.select_related("first", "second")
    pair: Pair = get_object_or_404(
        pairs, pk=pair_id, first__in=records, second__in=records
    )
    return pair


def _may_merge(request: HttpRequest, model: type[Any]) -> bool:
    return all(
        access.may(request.user, Action.CHANGE, category)
        for category in categories_of(model)
    )


def _record_reading(request: HttpRequest, pair: Pair) -> None:
    actor = actors.of_request(request)
    found: Any = pair
    for record in (found.first, found.second):
        audit.record("record.viewed", actor=actor, obj=record)


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
            return _next(model)
        if "reopen" in request.POST:
            decisions.reopen(pair, actor=actor)
            return redirect(url_name(model), pair.pk)
        return _merge(request, pair)
    except DomainError as error:
        messages.error(request, str(error))
        return redirect(list_url(model))


def _merge(request: HttpRequest, pair: Pair) -> HttpResponse:
    found: Any = pair
    records = {str(each.pk): each for each in (found.first, found.second)}
    kept = records.pop(request.POST.get(KEPT, ""), None)
    if kept is None or not request.POST.get(SURE):
        messages.error(
            request,
            _("Choose the record that stays, and tick that you have looked at both."),
        )
        return redirect(url_name(type(pair)), pair.pk)
    (gone,) = records.values()
    for record in (kept, gone):
        access.require_row(request.user, Action.CHANGE, record)
    taken = [
        name.removeprefix("field-")
        for name, value in request.POST.items()
        if name.startswith("field-") and value == str(gone.pk)
    ]
    _merge_row, job = orders.order(
        kept=kept, gone=gone, taken=taken, actor=actors.of_request(request)
    )
    return redirect("admin:register_job_progress", job.pk)


def _next(model: type[Pair]) -> HttpResponse:
    return redirect(list_url(model))


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
    may_undo = _may_merge(request, model.of())
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
            "name": name_of(merge.kept),
            "url": page_url(merge.kept),
            "refusal": orders.why_not(merge),
            "may_undo": may_undo and merge.state == Merge.State.DONE,
            "left": [_label(model, name) for name in merge.left],
        },
    )


def _label(model: type[Merge], name: str) -> str:
    names = {field.name: field for field in model.of()._meta.concrete_fields}
    return str(names[name].verbose_name) if name in names else name


def merge_url(merge: Any) -> str:
    """Return the address of a merge's page."""
    return reverse(f"admin:contacts_{merge._meta.model_name}_show", args=[merge.pk])


def _destination(job: Job) -> str:
    """Return where a reader goes on after a merge: to the record that stayed."""
    merge: Any = orders.merge_of_job(job)
    return page_url(merge.kept) if merge is not None else ""


for _code in (orders.MERGE, orders.UNDO):
    job_screens.register_destination(_code, _destination)
job_screens.register_destination(
    scan.KIND_OF_JOB, lambda _job: reverse("admin:contacts_contactpair_changelist")
)
