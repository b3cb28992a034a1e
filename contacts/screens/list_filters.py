"""The filters of :mod:`contacts.list_filters` on lists: their form, and what is chosen."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ERROR_FLAG, ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from contacts import list_filters
from contacts.list_filters import Group, ListFilter
from contacts.models import Company
from register import access
from register.staff_site.searched_words import VIEW_VAR

# Stands in an address that the form of filters made, with all that was left empty.
APPLY_VAR = "filtering"
# What of an address is no filter.
NO_FILTERS = frozenset(
    {SEARCH_VAR, ORDER_VAR, PAGE_VAR, VIEW_VAR, ERROR_FLAG, APPLY_VAR, "all", "_popup"}
)
# The way from a company to all its people.
OF_COMPANY = "affiliations__company__id__exact"


def asked_by(found: ListFilter) -> type[admin.ListFilter]:
    """Return a filter as lists have it. It reads nothing until it is used."""

    class Asked(admin.ListFilter):
        title = found.title  # type: ignore[assignment]
        parameter_name = found.code.partition("__")[0]
        asks = found

        def __init__(
            self,
            request: HttpRequest,
            params: dict[str, Any],
            model: Any,
            model_admin: Any,
        ) -> None:
            super().__init__(request, params, model, model_admin)
            if found.code in params:
                self.used_parameters[found.code] = params.pop(found.code)[-1]

        def has_output(self) -> bool:
            return True

        def expected_parameters(self) -> list[str | None]:
            return [found.code]

        def choices(self, changelist: Any) -> Iterator[Any]:
            return iter(())

        def queryset(
            self, request: HttpRequest, queryset: QuerySet[Any]
        ) -> QuerySet[Any]:
            value = self.used_parameters.get(found.code)
            if not value:
                return queryset
            try:
                return found.rows(queryset, str(value), request.user)
            except ValueError:
                return queryset.none()  # what is no answer finds nobody

    return Asked


def all_for(model: Any) -> list[type[admin.ListFilter]]:
    """Return all filters of a table that apps have made known."""
    return [asked_by(each) for each in list_filters.of(model)]


def is_for(each: Any, reader: object) -> bool:
    """Whether a reader has a filter of a list."""
    asks: ListFilter | None = getattr(each, "asks", None)
    return asks is None or asks.is_for(reader)


@dataclasses.dataclass(frozen=True, slots=True)
class Question:
    """One question in the form of all filters: a choice, a text or a day."""

    name: str
    label: Any
    kind: str
    value: str
    group: str
    options: list[tuple[str, Any]] = dataclasses.field(default_factory=list)


def groups_of(model_admin: Any, request: HttpRequest) -> list[dict[str, Any]]:
    """Return the questions of a list in their groups, with what is chosen."""
    questions = [
        question
        for each in model_admin.get_list_filter(request)
        for question in _questions(model_admin.model, each, request)
    ]
    return [
        {"title": group.label, "questions": mine}
        for group in Group
        if (mine := [q for q in questions if q.group == group])
    ]


def _questions(model: Any, each: Any, request: HttpRequest) -> Iterator[Question]:
    get = request.GET.get
    asks: ListFilter | None = getattr(each, "asks", None)
    if asks is not None:
        options = list(asks.options(request.user)) if asks.options else []
        kind, value = ("choice" if asks.options else "text"), get(asks.code, "")
        if value and kind == "choice" and value not in dict(options):
            options.append((value, value))  # chosen before it was put away
        label = capfirst(str(asks.title))
        yield Question(asks.code, label, kind, value, asks.group, options)
        return
    name = each[0] if isinstance(each, tuple) else each
    field: Any = model._meta.get_field(name)
    label = capfirst(str(field.verbose_name))
    if isinstance(each, tuple):  # from one day to another
        for end, words in (("from", _("%(what)s from")), ("to", _("%(what)s to"))):
            asked = f"{name}_{end}"
            title = words % {"what": label}
            yield Question(asked, title, "day", get(asked, ""), Group.ORIGIN)
        return
    asked = f"{name}__exact"
    group = Group.ORIGIN if name == "source" else Group.KIND
    options = list(field.flatchoices)
    yield Question(asked, label, "choice", get(asked, ""), group, options)


def chosen_of(listed: Any, request: HttpRequest) -> list[dict[str, str]]:
    """Return what a list is filtered by, in words, each with the list without it."""
    chosen = []
    for name, values in sorted(request.GET.lists()):
        if name in NO_FILTERS or not values[-1]:
            continue
        without = request.GET.copy()
        for gone in (name, PAGE_VAR):
            without.pop(gone, None)
        without.setdefault(VIEW_VAR, "all")
        words = words_of(listed.model, name, values[-1], request.user)
        chosen.append({"words": words, "url": f"?{without.urlencode()}"})
    return chosen


@require_safe
def form(request: HttpRequest, model_admin: Any) -> HttpResponse:
    """Show the form of all filters: a part of the list, or a page without scripts."""
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    groups = groups_of(model_admin, request)
    names = {q.name for group in groups for q in group["questions"]}
    opts = model_admin.opts
    is_part = request.headers.get("HX-Request") == "true"
    return TemplateResponse(
        request,
        "contacts/filters_part.html" if is_part else "contacts/filters_page.html",
        {
            **({} if is_part else model_admin.admin_site.each_context(request)),
            "title": _("Filters"),
            "opts": opts,
            "groups": groups,
            # The search, the order and what else the list has stay as they are.
            "kept": [
                (name, values[-1])
                for name, values in request.GET.lists()
                if name not in names and name not in (PAGE_VAR, APPLY_VAR)
            ],
            "apply_var": APPLY_VAR,
            "list_url": reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist"),
        },
    )


def words_of(model: Any, name: str, value: str, reader: Any) -> str:
    """Return one filter of an address in words."""
    if (asks := list_filters.named(model, name)) is not None:
        return str(capfirst(asks.words(value, reader)))
    if name == OF_COMPANY:
        return f"{capfirst(str(_('company')))}: {_company(value, reader)}"
    column = name.split("__")[0]
    sign = ":"
    for end, mark in (("_from", " ≥"), ("_to", " ≤")):
        if column.endswith(end):
            column, sign = column.removesuffix(end), mark
    fields: dict[str, Any] = {field.name: field for field in model._meta.fields}
    label = getattr(fields.get(column), "verbose_name", column.replace("_", " "))
    shown = dict(getattr(fields.get(column), "flatchoices", ()) or ()).get(value, value)
    return f"{capfirst(str(label))}{sign} {shown}"


def _company(value: str, reader: Any) -> str:
    try:
        company = access.visible_to(reader, Company.objects.filter(pk=value)).first()
    except (ValueError, ValidationError):
        company = None
    return str(access.present(reader, company, "name")) if company else "–"


def without_empty(query: QueryDict) -> QueryDict:
    """Return an address of the form of filters without what was left empty."""
    kept = QueryDict(mutable=True)
    for name, values in query.lists():
        if name != APPLY_VAR and any(values):
            kept.setlist(name, values)
    if VIEW_VAR not in kept:
        kept[VIEW_VAR] = "all"
    return kept
