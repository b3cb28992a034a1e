"""The rights of a role on one page, and changes of them that wait for a second person."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from register import access, actors
from register.datamap.vocabulary import HEEDED, Action, Category, Level, Scope
from register.errors import DomainError
from register.models import ApiKey, Approval, Role, RoleProposal
from register.services import rights
from register.services.rights import RoleState

Page = dict[str, Any]


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, object_id: str, model_admin: Any) -> HttpResponse:
    """Show what a role may do, and change it for those who may change roles."""
    access.require(request.user, Action.VIEW, Category.STAFF)
    role = _role(object_id)
    may_change = access.may(request.user, Action.CHANGE, Category.STAFF)
    error = ""
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        wanted = _wanted(request)
        try:
            proposal = rights.change(role, wanted, actor=actors.of_request(request))
        except DomainError as refused:
            error = str(refused)
        else:
            if proposal is None:
                messages.success(request, _("The rights are changed."))
            else:
                messages.info(
                    request,
                    _(
                        "This gives the role more. Nothing is changed until a second person has approved."
                    ),
                )
            return redirect("admin:register_role_rights", role.pk)
    state = rights.state_of(role)
    context = {
        **model_admin.admin_site.each_context(request),
        **_page(state),
        "title": _("Rights: %(role)s") % {"role": role},
        "role": role,
        "may_change": may_change,
        "holders": role.assignments.filter(user__is_active=True).count(),
        "waiting": role.proposals.filter(
            kind=RoleProposal.Kind.RIGHTS, pk__in=_waiting()
        ).exists(),
        "error": error,
        "opts": model_admin.opts,
    }
    return render(
        request, "register/role_rights.html", context, status=422 if error else 200
    )


@require_safe
def show_proposal(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> HttpResponse:
    """Show what would change, to whoever decides."""
    access.require(request.user, Action.VIEW, Category.STAFF)
    proposal = get_object_or_404(
        RoleProposal.objects.select_related("role", "user"), pk=object_id
    )
    context = {
        **model_admin.admin_site.each_context(request),
        "title": proposal.get_kind_display().capitalize(),
        "proposal": proposal,
        "key": ApiKey.objects.filter(pk=proposal.wanted).first()
        if proposal.kind == RoleProposal.Kind.API_KEY
        else None,
        "lines": _differences(proposal),
        "approval": Approval.objects.filter(
            kind=rights.APPROVAL, object_id=str(proposal.pk)
        ).first(),
        "opts": model_admin.opts,
    }
    return render(request, "register/role_proposal.html", context)


def _differences(proposal: RoleProposal) -> list[Page]:
    """Return what is different, in words: before and after."""
    if proposal.kind != RoleProposal.Kind.RIGHTS:
        return []
    now, wanted = rights.state_of(proposal.role), rights.from_text(proposal.wanted)
    lines = []
    for title, old, new in (
        ("", now.rights, wanted.rights),
        (_("for a while"), now.elevations, wanted.elevations),
    ):
        for category, action in sorted(old.keys() | new.keys()):
            before, after = old.get((category, action)), new.get((category, action))
            if before != after:
                what = f"{Category(category).label}: {Action(action).label}"
                lines.append(
                    {
                        "what": f"{what} ({title})" if title else what,
                        "before": Scope(before).label if before else "–",
                        "after": Scope(after).label if after else "–",
                    }
                )
    for code in sorted(now.fields.keys() | wanted.fields.keys()):
        full = Level.FULL.value
        before, after = now.fields.get(code, full), wanted.fields.get(code, full)
        field = access.all_fields().get(code)
        if before != after and field is not None:
            lines.append(
                {
                    "what": f"{field.model._meta.verbose_name}: {field.label}",
                    "before": Level(before).label,
                    "after": Level(after).label,
                }
            )
    return lines


def _page(state: RoleState) -> Page:
    return {
        "actions": list(Action),
        "rights": _matrix(state.rights, "right"),
        "taken": _matrix(state.elevations, "take"),
        "takes_anything": bool(state.elevations),
        "fields": _fields(state),
        "rules_count": len(state.fields),
    }


def _matrix(given: Any, kind: str) -> list[Page]:
    """Return a line for each category, with a cell for each action."""
    return [
        {
            "category": category,
            "cells": [
                {
                    "name": f"{kind}:{category}.{action}",
                    "label": f"{category.label}: {action.label}",
                    "action": capfirst(action.label),
                    "value": given.get((category.value, action.value), ""),
                    "choices": _scopes(category),
                }
                for action in Action
            ],
        }
        for category in Category
        if category is not Category.SYSTEM
    ]


def _scopes(category: Category) -> list[tuple[str, Any]]:
    if category in HEEDED:
        return [("", "–"), (Scope.ALL.value, _("yes"))]
    return [("", "–"), *((scope.value, scope.label) for scope in Scope)]


def _fields(state: RoleState) -> list[Page]:
    """Return the tables with their fields, in the order of the categories."""
    tables: dict[Any, Page] = {}
    for code, field in access.all_fields().items():
        if state.fields.get(code) is None and _is_technical(field):
            continue
        table = tables.setdefault(
            field.model,
            {
                "name": field.model._meta.verbose_name_plural,
                "category": field.category,
                "fields": [],
                "ruled": 0,
            },
        )
        level = state.fields.get(code, Level.FULL.value)
        table["ruled"] += level != Level.FULL
        table["fields"].append(
            {"name": f"field:{code}", "label": field.label, "value": level}
        )
    order = list(Category)
    return sorted(tables.values(), key=lambda table: order.index(table["category"]))


def _is_technical(field: access.Field) -> bool:
    """Whether nobody would want a rule for it: times, and words made of other fields."""
    is_word = field.name == "word"
    return is_word or field.name.endswith("_at")


def _wanted(request: HttpRequest) -> RoleState:
    found: dict[str, dict[Any, str]] = {"right": {}, "take": {}, "field": {}}
    for name, value in request.POST.items():
        kind, _colon, rest = name.partition(":")
        if kind not in found or not value:
            continue
        if kind == "field":
            if value != Level.FULL:
                found[kind][rest] = str(value)
        else:
            category, _dot, action = rest.partition(".")
            found[kind][category, action] = str(value)
    return RoleState(found["right"], found["field"], found["take"])


def _waiting() -> list[str]:
    waiting = Approval.objects.filter(
        kind=rights.APPROVAL, state=Approval.State.WAITING
    )
    return list(waiting.values_list("object_id", flat=True))


def _role(object_id: str) -> Role:
    if not object_id.isascii() or not object_id.isdigit() or len(object_id) > 9:
        raise Http404
    return get_object_or_404(Role, pk=int(object_id))
