"""Merging two records that nobody took for duplicates: chosen on a list, or by a search."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from contacts.models import CompanyPair, Contact, ContactPair, Merge, Pair
from contacts.screens import comparing
from contacts.screens.side_by_side import name_of, reasons_seen
from contacts.services.merging.kinds import KINDS
from register import access
from register.errors import DomainError


def urls(wrap: Any, model: type[Any]) -> list[URLPattern]:
    """Return the addresses of these pages for people or for companies."""
    name = f"contacts_{model._meta.model_name}_merge"
    options = {"model": model}
    return [
        path("<uuid:object_id>/merge/", wrap(choose), options, name),
        path(
            "<uuid:object_id>/merge/<uuid:other_id>/",
            wrap(compare),
            options,
            f"{name}_two",
        ),
    ]


def choose_url(record: Any) -> str:
    """Return where the record is chosen that one is to be merged with."""
    return reverse(f"admin:contacts_{record._meta.model_name}_merge", args=[record.pk])


def two_url(model: type[Any], first: uuid.UUID, second: uuid.UUID) -> str:
    """Return where two records are compared and merged."""
    return reverse(
        f"admin:contacts_{model._meta.model_name}_merge_two", args=[first, second]
    )


class OtherField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A record, by its name; its string holds none."""

    def label_from_instance(self, obj: Any) -> str:
        """Say what it is called."""
        return name_of(obj)


class OtherSelect(AutocompleteSelect):
    """Django's field that completes what is typed; it bears what is no key at all."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        """Return the chosen record, if one is chosen."""
        return super().optgroups(name, [key for key in value if _is_key(key)], attrs)


class OtherForm(forms.Form):
    """The record that is compared with the one the page is about."""

    other = OtherField(label="", queryset=Contact.objects.none())

    def __init__(self, *args: Any, record: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_person = isinstance(record, Contact)
        field: Any = self.fields["other"]
        field.label = _("Other person") if is_person else _("Other company")
        field.help_text = (
            _("Type the beginning of a name, an e-mail address or a number.")
            if is_person
            else _("Type the beginning of the name or of the business id.")
        )
        field.error_messages = {
            "required": _("Choose with which record to merge."),
            "invalid_choice": _("This record does not exist any more. Choose again."),
        }
        field.queryset = _visible(user, type(record))
        field.widget = OtherSelect(
            _pair_model(type(record))._meta.get_field("first"),
            admin.site,
            attrs={"class": "sel-input"},
        )
        field.widget.choices = field.choices
        self._record = record

    def clean_other(self) -> Any:
        """Refuse the record itself."""
        other = self.cleaned_data["other"]
        if other.pk == self._record.pk:
            raise forms.ValidationError(
                _("This is the record itself. Choose another one.")
            )
        return other


@require_http_methods(["GET", "HEAD", "POST"])
def choose(
    request: HttpRequest, object_id: uuid.UUID, model: type[Any]
) -> HttpResponse:
    """Ask with which record one is to be merged, and lead to the comparison."""
    record = _record_for(request, model, object_id)
    form = OtherForm(request.POST or None, record=record, user=request.user)
    if request.method == "POST" and form.is_valid():
        return redirect(two_url(model, record.pk, form.cleaned_data["other"].pk))
    return TemplateResponse(
        request,
        "contacts/merge_choose.html",
        {
            **admin.site.each_context(request),
            "title": _("Merge with another"),
            "form": form,
            "media": form.media,
            "name": name_of(access.as_seen(request.user, record)),
            "url": comparing.page_url(record),
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def compare(
    request: HttpRequest, object_id: uuid.UUID, other_id: uuid.UUID, model: type[Any]
) -> HttpResponse:
    """Show two records side by side, and order that they become one."""
    if object_id == other_id:
        messages.error(request, _("This is the record itself. Choose another one."))
        record = _record_for(request, model, object_id)
        return redirect(choose_url(record))
    went_into = _where_it_is_now(request, model, object_id, other_id)
    if went_into is not None:
        messages.info(
            request, _("One of the two went into this record. It can be undone.")
        )
        return redirect(comparing.page_url(went_into))
    first, second = (_record_for(request, model, key) for key in (object_id, other_id))
    if request.method == "POST":
        try:
            job = comparing.order(request, first, second)
        except DomainError as error:
            messages.error(request, str(error))
            job = None
        if job is None:
            return redirect(request.path)
        return redirect("admin:register_job_progress", job.pk)
    comparing.record_reading(request, first, second)
    pair = _pair_of(first, second)
    return TemplateResponse(
        request,
        "contacts/pair_compare.html",
        {
            **admin.site.each_context(request),
            "title": _("Compare and merge"),
            "pair": pair,
            "why": reasons_seen(request.user, pair) if pair is not None else [],
            "is_decided": pair is not None and pair.state == Pair.State.DIFFERENT,
            "back_url": comparing.page_url(first),
            **comparing.context_of(request, first, second),
        },
    )


def _where_it_is_now(request: HttpRequest, model: type[Any], *keys: uuid.UUID) -> Any:
    """Return the record that one of two went into, None if neither was merged.

    Whoever comes back to the page, by the browser or by a link, reads it there.
    """
    if not comparing.may_merge(request.user, model):
        raise PermissionDenied
    merges: Any = KINDS[model].merge._base_manager
    merge = (
        merges.filter(gone_id__in=keys, state=Merge.State.DONE)
        .filter(kept__in=_visible(request.user, model))
        .select_related("kept")
        .first()
    )
    return merge.kept if merge is not None else None


def _record_for(request: HttpRequest, model: type[Any], key: uuid.UUID) -> Any:
    """Return a record to whoever may merge and sees it; for others it does not exist."""
    if not comparing.may_merge(request.user, model):
        raise PermissionDenied
    return get_object_or_404(_visible(request.user, model), pk=key)


def _visible(user: object, model: type[Any]) -> QuerySet[Any]:
    rows: QuerySet[Any] = model._default_manager.all()
    return access.visible_to(user, rows)


def _pair_model(model: type[Any]) -> type[Any]:
    return ContactPair if model is Contact else CompanyPair


def _pair_of(first: Any, second: Any) -> Any:
    """Return what the comparison of everybody said of the two, None if nothing."""
    one, other = sorted((first.pk, second.pk))
    pairs = _pair_model(type(first))._default_manager
    return pairs.filter(first=one, second=other).first()


def _is_key(text: str) -> bool:
    try:
        uuid.UUID(str(text))
    except ValueError:
        return False
    return True
