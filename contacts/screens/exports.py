"""The screens of an export: ordering it from a list, its manifest, and its file."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import QuerySet
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from contacts.models import Contact, Export, ExportFile
from contacts.screens import list_filters
from contacts.screens.listed import seen_or_404
from contacts.selectors import MOST_FOUND
from contacts.services.exports import columns as known_columns, contents, ordering
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

    def __init__(self, *args: Any, user: Any, content: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["purpose"].choices = [
            (code, activity.purpose) for code, activity in ACTIVITIES.items()
        ]
        fields["purpose"].widget.attrs["class"] = "sel-input"
        self.offered = known_columns.offered(user, content)
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
    content = contents.of_model(model_admin.model).content
    if not contents.may_export(request.user, content):
        raise PermissionDenied
    chosen = chosen_in(request)
    listed, filters, was_searched, words = rows_of(request, model_admin)
    initial = {
        "purpose": access.default_purpose(request.user),  # type: ignore[arg-type]
        "columns": [c.code for c in known_columns.COLUMNS.values() if c.is_default],
        "file_format": Export.Format.CSV,
    }
    is_sent = request.method == "POST" and "purpose" in request.POST
    form = ExportForm(
        request.POST if is_sent else None,
        user=request.user,
        content=content,
        initial=initial,
    )
    if is_sent and form.is_valid():
        try:
            export = ordering.order(
                listed,
                **form.cleaned_data,
                actor=actors.of_request(request),
                filters=filters,
                was_searched=was_searched,
                ids=chosen or None,
            )
        except DomainError as error:
            form.add_error(error.field or None, str(error))
        else:
            return redirect("admin:contacts_export_change", export.pk)
    count = len(chosen) if chosen else estimated_count(listed)
    name = f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_export"
    return TemplateResponse(
        request,
        "contacts/export_order.html",
        {
            **model_admin.admin_site.each_context(request),
            "title": _("Export"),
            "form": form,
            "of_companies": content == Export.Content.COMPANIES,
            "list_url": reverse(
                f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist"
            ),
            "count": count,
            "is_cut": was_searched and count >= MOST_FOUND,
            "chosen": chosen,
            "filter_words": words,
            "was_searched": was_searched,
            "opts": model_admin.opts,
            "order_url": f"{reverse(name)}?{request.GET.urlencode()}",
        },
    )


def chosen_in(request: HttpRequest) -> list[uuid.UUID]:
    """Return the keys of rows that were chosen one by one."""
    try:
        return [uuid.UUID(value) for value in request.POST.getlist("chosen")]
    except ValueError as error:
        raise BadRequest from error


def rows_of(
    request: HttpRequest, model_admin: Any
) -> tuple[QuerySet[Any], list[str], bool, list[str]]:
    """Return the rows of a list, its filters as codes and in words, and if it was searched."""
    asked = request.GET.copy()
    asked.pop(PAGE_VAR, None)
    # A search that is to be sorted finds all it can, not one page.
    asked[ORDER_VAR] = ""
    request.GET = asked  # type: ignore[assignment]
    try:
        listed = model_admin.get_changelist_instance(request)
        rows = listed.get_queryset(request)
    except IncorrectLookupParameters as error:
        raise Http404 from error
    codes, words = filters_of(listed)
    return rows, codes, bool(listed.query), words


def filters_of(listed: Any) -> tuple[list[str], list[str]]:
    """Return the filters of a list as its address has them, and in words."""
    codes = [
        f"{name}={value}"[:200]
        for name, values in sorted(listed.filter_params.items())
        if name not in list_filters.NO_FILTERS
        for value in (values if isinstance(values, list) else [values])
        if value
    ]
    return codes, [words_of_filter(code, listed.model) for code in codes]


def words_of_filter(code: str, model: Any = Contact) -> str:
    """Return one filter of a manifest in words."""
    name, _sign, value = code.partition("=")
    return list_filters.words_of(model, name, value, None)


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
            "filter_words": [
                words_of_filter(code, contents.of_export(export).model)
                for code in export.filters
            ],
            "of_companies": export.content == Export.Content.COMPANIES,
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
    found: Export = seen_or_404(request, object_id, model_admin)
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
    return contents.may_export(request.user) or sees_all(request.user)


def sees_all(user: object) -> bool:
    """Whether a user sees the manifests of others."""
    return access.may(user, Action.VIEW, Category.EXPORTS)


job_screens.register_destination(
    ordering.KIND,
    lambda job: reverse("admin:contacts_export_change", args=[job.object_id]),
)
