"""The screens of an export: ordering it from a list, its manifest, and its file."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import BadRequest, FieldDoesNotExist, PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from contacts.models import Contact, Export, ExportFile
from contacts.selectors import MOST_FOUND
from contacts.services.exports import columns as known_columns, ordering
from register import access, actors
from register.activities import ACTIVITIES
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Job
from register.screens import jobs as job_screens
from register.staff_site.counting import estimated_count

CONTENT_TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class ExportForm(forms.Form):
    """What an export is for, and what is in it."""

    purpose = forms.ChoiceField(label=_("Purpose"))
    reason = forms.CharField(
        label=_("What it is for, and who gets the file"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2, "class": "sel-input"}),
        help_text=_("Write no names of customers."),
    )
    columns = forms.MultipleChoiceField(
        label=_("Columns"), widget=forms.CheckboxSelectMultiple
    )
    file_format = forms.ChoiceField(
        label=_("Format"), choices=Export.Format.choices, widget=forms.RadioSelect
    )

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["purpose"].choices = [
            (code, activity.purpose) for code, activity in ACTIVITIES.items()
        ]
        fields["purpose"].widget.attrs["class"] = "sel-input"
        self.offered = known_columns.offered(user)
        fields["columns"].choices = [
            (column.code, capfirst(str(column.label)))
            for column in self.offered
            if not column.is_always
        ]
        self.always = [column for column in self.offered if column.is_always]


def order(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Show what an export of a list would hold; POST orders it.

    The address has the filters of the list; rows that were chosen one by one come in the
    body.
    """
    if not ordering.may_export(request.user):
        raise PermissionDenied
    chosen = _chosen(request)
    people, filters, was_searched, words = _people(request, model_admin)
    if chosen:
        people = people.filter(pk__in=chosen)
    initial = {
        "purpose": access.default_purpose(request.user),  # type: ignore[arg-type]
        "columns": [c.code for c in known_columns.COLUMNS.values() if c.is_default],
        "file_format": Export.Format.CSV,
    }
    is_sent = request.method == "POST" and "purpose" in request.POST
    form = ExportForm(
        request.POST if is_sent else None, user=request.user, initial=initial
    )
    if is_sent and form.is_valid():
        try:
            export = ordering.order(
                people,
                **form.cleaned_data,
                actor=actors.of_request(request),
                filters=filters,
                was_searched=was_searched,
                was_chosen=bool(chosen),
            )
        except DomainError as error:
            form.add_error(error.field or None, str(error))
        else:
            return redirect("admin:contacts_export_change", export.pk)
    count = len(chosen) if chosen else estimated_count(people)
    return TemplateResponse(
        request,
        "contacts/export_order.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Export"),
            "form": form,
            "count": count,
            "is_cut": was_searched and count >= MOST_FOUND,
            "chosen": chosen,
            "filter_words": words,
            "was_searched": was_searched,
            "opts": model_admin.opts,
        },
    )


def _chosen(request: HttpRequest) -> list[uuid.UUID]:
    try:
        return [uuid.UUID(value) for value in request.POST.getlist("chosen")]
    except ValueError as error:
        raise BadRequest from error


def _people(
    request: HttpRequest, model_admin: Any
) -> tuple[QuerySet[Contact], list[str], bool, list[str]]:
    """Return the people of a list, its filters as codes and in words, and if it was searched."""
    asked = request.GET.copy()
    asked.pop(PAGE_VAR, None)
    # A search that is to be sorted finds all it can, not one page.
    asked[ORDER_VAR] = ""
    request.GET = asked  # type: ignore[assignment]
    try:
        listed = model_admin.get_changelist_instance(request)
        people = listed.get_queryset(request)
    except IncorrectLookupParameters as error:
        raise Http404 from error
    codes, words = filters_of(listed)
    return people, codes, bool(listed.query), words


def filters_of(listed: Any) -> tuple[list[str], list[str]]:
    """Return the filters of a list as its address has them, and in words."""
    leave = {SEARCH_VAR, ORDER_VAR, PAGE_VAR}
    codes = [
        f"{name}={value}"[:200]
        for name, values in sorted(listed.filter_params.items())
        if name not in leave
        for value in (values if isinstance(values, list) else [values])
        if value
    ]
    return codes, [words_of_filter(code) for code in codes]


def words_of_filter(code: str) -> str:
    """Return one filter of a manifest in words."""
    name, _sign, value = code.partition("=")
    column = name.split("__")[0]
    for suffix in ("_from", "_to"):
        column = column.removesuffix(suffix)
    try:
        field: Any = Contact._meta.get_field(column)
    except FieldDoesNotExist:
        field = None
    label = getattr(field, "verbose_name", column.replace("_", " "))
    shown = dict(getattr(field, "flatchoices", ()) or ()).get(value, value)
    mark = {"_from": "≥", "_to": "≤"}
    sign = next((s for end, s in mark.items() if name.endswith(end)), ":")
    return f"{capfirst(label)}{'' if sign == ':' else ' '}{sign} {shown}"


def show(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Show the manifest of an export."""
    export = _load(request, object_id, model_admin)
    job = Job.objects.filter(kind=ordering.KIND, object_id=str(export.pk)).first()
    made = (
        ExportFile.objects.filter(export=export, ends_at__gt=timezone.now())
        .exclude(file="")
        .first()
    )
    is_own = export.created_by_id == request.user.pk
    labels = {c.code: capfirst(str(c.label)) for c in known_columns.COLUMNS.values()}
    return TemplateResponse(
        request,
        "contacts/export_show.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Export"),
            "export": export,
            "columns": [labels.get(code, code) for code in export.columns],
            "filter_words": [words_of_filter(code) for code in export.filters],
            "downloads": export.downloads.select_related("user"),
            "made": made,
            "is_own": is_own,
            "is_over": export.state not in (Export.State.MAKING, Export.State.WAITING),
            "opts": model_admin.opts,
            **(
                job_screens.progress_context(job)
                if job and export.state == Export.State.MAKING
                else {}
            ),
        },
    )


def _load(request: HttpRequest, object_id: Any, model_admin: Any) -> Export:
    """Return an export to who ordered it or sees all of them."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    try:
        key = uuid.UUID(str(object_id))
    except ValueError as error:
        raise Http404 from error
    found: Export = get_object_or_404(model_admin.get_queryset(request), pk=key)
    return found


@require_POST
def download(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> HttpResponseBase:
    """Send the file to who ordered it, on the record."""
    export = _load(request, object_id, model_admin)
    try:
        made = ordering.take(export.pk, actor=actors.of_request(request))
        content = made.file.open("rb")
    except DomainError as error:
        messages.error(request, str(error))
        return redirect("admin:contacts_export_change", export.pk)
    except FileNotFoundError:
        raise Http404 from None
    return FileResponse(
        content,
        as_attachment=True,
        filename=f"export-{str(export.pk)[:8]}.{export.file_format}",
        content_type=CONTENT_TYPES[Export.Format(export.file_format)],
    )


@require_POST
def change(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Cancel an export, or confirm that its copies are deleted."""
    export = _load(request, object_id, model_admin)
    actor = actors.of_request(request)
    if request.POST.get("action") == "cancel":
        ordering.cancel(export, actor=actor)
    elif request.POST.get("action") == "copies":
        ordering.confirm_copies_deleted(export, actor=actor)
    else:
        raise BadRequest
    return redirect("admin:contacts_export_change", export.pk)


def is_for(request: HttpRequest) -> bool:
    """Whether the list of exports stands in the sidebar."""
    return ordering.may_export(request.user) or sees_all(request.user)


def sees_all(user: object) -> bool:
    """Whether a user sees the manifests of others."""
    return access.may(user, Action.VIEW, Category.EXPORTS)


job_screens.register_destination(
    ordering.KIND,
    lambda job: reverse("admin:contacts_export_change", args=[job.object_id]),
)
