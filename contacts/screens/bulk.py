"""The screens of a change of many: what is to be set, what will change, and what did."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from contacts.models import BulkChange
from contacts.screens.exports import chosen_in, rows_of, words_of_filter
from contacts.screens.listed import seen_or_404
from contacts.selectors import MOST_FOUND
from contacts.services.bulk import ordering
from contacts.services.bulk.kinds import BulkKind, kind_of, kinds_for
from register import access, actors
from register.activities import ACTIVITIES
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Job
from register.screens import jobs as job_screens

# Names of inputs that are not terms.
_OWN = {"kind", "chosen", "step", "until"}


class TermsForm(forms.Form):
    """What is to be set, as the kind of change asks for it."""

    def __init__(self, *args: Any, what: BulkKind, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(what.fields(user))
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", "sel-input")

    @property
    def terms(self) -> dict[str, str]:
        """The terms of the change."""
        return {name: str(value) for name, value in self.cleaned_data.items() if value}

    @property
    def in_words(self) -> list[tuple[Any, str]]:
        """The terms as people read them."""
        words = []
        for name, field in self.fields.items():
            value = self.cleaned_data.get(name)
            offered = dict(getattr(field, "choices", ()))
            if name == "due_at" and value and (at := parse_datetime(str(value))):
                value = timezone.localtime(at).date()
            if value:
                words.append((field.label, offered.get(value, value)))
        return words


def order(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Ask what is to be set, show what will change, and order it.

    The address has the filters of the list; rows that were chosen one by one come in the
    body.
    """
    if request.method != "POST":
        raise Http404
    what = kind_of(model_admin.model, request.POST.get("kind", ""))
    if what is None or not what.is_for(request.user):
        raise PermissionDenied
    chosen, step = chosen_in(request), request.POST.get("step", "")
    rows, filters, was_searched, words = rows_of(request, model_admin)
    if chosen:
        rows = rows.filter(pk__in=chosen)
    until = _until(request)
    rows = rows.filter(created_at__lte=until)
    form = TermsForm(
        request.POST if step in ("show", "start") else None,
        initial=request.POST.dict() if step == "choose" else None,
        what=what,
        user=request.user,
    )
    shown: dict[str, Any] = {}
    if step == "start" and form.is_valid():
        try:
            change = ordering.order(
                rows,
                what=what,
                terms=form.terms,
                actor=actors.of_request(request),
                until=until,
                filters=filters,
                was_searched=was_searched,
                was_chosen=bool(chosen),
            )
        except DomainError as error:
            form.add_error(
                error.field if error.field in form.fields else None, str(error)
            )
        else:
            return redirect("admin:contacts_bulkchange_change", change.pk)
    elif step == "show" and form.is_valid():
        shown = {"preview": _preview(rows, what, form)}
    name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_"
    return TemplateResponse(
        request,
        "contacts/bulk_order.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": what.title,
            "what": what,
            "form": form,
            "count": shown["preview"]["count"] if shown else rows.order_by().count(),
            "chosen": chosen,
            "filter_words": words,
            "was_searched": was_searched,
            "until": until.isoformat(),
            "opts": model_admin.opts,
            "query": request.GET.urlencode(),
            "order_url": f"{reverse(f'{name}bulk')}?{request.GET.urlencode()}",
            "list_url": f"{reverse(f'{name}changelist')}?{request.GET.urlencode()}",
            "most_found": MOST_FOUND,
            **shown,
        },
    )


def _preview(rows: QuerySet[Any], what: BulkKind, form: TermsForm) -> dict[str, Any]:
    """Return how many are chosen, and how many of them are so already."""
    rows = rows.order_by()
    count = rows.count()
    already = rows.filter(what.has(form.terms)).count() if what.has else 0
    return {
        "count": count,
        "already": already,
        "changing": count - already,
        "terms": form.in_words,
        "is_large": count > settings.BULK_APPROVAL_ROWS,
    }


def _until(request: HttpRequest) -> datetime:
    """Return when the first page of this change was shown: who is added later does not join."""
    try:
        found = parse_datetime(request.POST.get("until", ""))
    except ValueError as error:
        raise BadRequest from error
    if found is None or timezone.is_naive(found):
        return timezone.now()
    return min(found, timezone.now())


def show(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Show the manifest of a change of many."""
    change = _load(request, object_id, model_admin)
    what = ordering.kind(change)
    is_own = change.created_by_id == request.user.pk
    kind = ordering.UNDO if change.state == change.State.UNDOING else ordering.RUN
    job = Job.objects.filter(kind=kind, object_id=str(change.pk)).last()
    is_running = change.state in (change.State.RUNNING, change.State.UNDOING)
    activity = ACTIVITIES.get(change.purpose)
    model = ordering.MODELS[change.of]
    return TemplateResponse(
        request,
        "contacts/bulk_show.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": what.title if what else change.kind,
            "change": change,
            "terms": terms_in_words(change, request.user),
            "purpose": activity.purpose if activity else "",
            "filter_words": [words_of_filter(code, model) for code in change.filters],
            "is_own": is_own,
            "can_cancel": is_own
            and change.state in (change.State.WAITING, change.State.RUNNING),
            "can_undo": is_own
            and change.state != change.State.UNDOING
            and ordering.can_be_undone(change),
            "undo_until": change.created_at + ordering.POSSIBLE,
            "opts": model_admin.opts,
            **(job_screens.progress_context(job) if job and is_running else {}),
        },
    )


def terms_in_words(change: BulkChange, user: Any) -> list[tuple[Any, str]]:
    """Return with what many were changed, as people read it."""
    what = ordering.kind(change)
    if what is None:
        return []
    words = []
    for name, field in what.fields(user).items():
        value = change.terms.get(name, "")
        offered = dict(getattr(field, "choices", ()))
        if name == "due_at" and (at := parse_datetime(value or "")):
            value = timezone.localtime(at).date()
        if value:
            words.append((field.label, offered.get(value, value)))
    return words


def _load(request: HttpRequest, object_id: Any, model_admin: Any) -> BulkChange:
    """Return a change to who ordered it, who approves it, or who sees all of them."""
    found: BulkChange = seen_or_404(request, object_id, model_admin)
    return found


@require_POST
def step(request: HttpRequest, object_id: uuid.UUID, model_admin: Any) -> HttpResponse:
    """Cancel a change, or have it undone."""
    change = _load(request, object_id, model_admin)
    actor = actors.of_request(request)
    try:
        if request.POST.get("action") == "cancel":
            ordering.cancel(change, actor=actor)
        elif request.POST.get("action") == "undo":
            ordering.order_undo(change, actor=actor)
        else:
            raise BadRequest
    except DomainError as error:
        messages.error(request, str(error))
    return redirect("admin:contacts_bulkchange_change", change.pk)


def sees_all(user: object) -> bool:
    """Whether a user sees the changes that others ordered."""
    return access.may(user, Action.APPROVE, Category.IDENTITY) or access.may(
        user, Action.APPROVE, Category.COMPANY
    )


def is_for(request: HttpRequest) -> bool:
    """Whether the list of changes stands in the sidebar."""
    return sees_all(request.user) or any(
        kinds_for(model, request.user) for model in ordering.MODELS.values()
    )


for _kind in (ordering.RUN, ordering.UNDO):
    job_screens.register_destination(
        _kind,
        lambda job: reverse("admin:contacts_bulkchange_change", args=[job.object_id]),
    )
