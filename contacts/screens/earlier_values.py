"""Putting back what stood in a record of a person or company earlier, or removing it."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from contacts.models import Company, Contact, ContactPoint
from contacts.selectors import holders_of
from contacts.services import earlier_values
from register import access, actors, audit
from register.datamap.graph import category_of
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.history import changes
from register.history.changes import Step
from register.history.versions import histories
from register.history.wording import Words


@require_http_methods(["GET", "HEAD", "POST"])
def restore(
    request: HttpRequest,
    object_id: uuid.UUID,
    table: str,
    version_id: int,
    field: str,
    model_admin: Any,
) -> HttpResponse:
    """Show what a record holds now and what it would hold then; do it when asked to."""
    owner = owner_of(request, object_id, model_admin)
    step = _step(request, owner, table, version_id)
    is_whole = field == "-"
    if not may_restore(request, owner, step, "" if is_whole else field):
        raise Http404
    row = earlier_values.current(step)
    if request.method == "POST":
        actor, seen = actors.of_request(request), request.POST.get("seen", "")
        try:
            if is_whole:
                earlier_values.bring_back(step, seen=seen, actor=actor)
            else:
                earlier_values.put_back(step, field, seen=seen, actor=actor)
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The earlier value is back."))
            return redirect(changes_url(model_admin, owner))
    words = Words(request.user)
    model = step.history.model
    if is_whole:
        lines = [(line.label, "", line.was) for line in words.lines(step)]
    else:
        name: Any = model._meta.get_field(field)
        held = getattr(row, name.attname) if row is not None else None
        lines = [
            (
                name.verbose_name,
                words.say(model, field, held),
                words.say(model, field, getattr(step.was, field)),
            )
        ]
    audit.record("record.viewed", actor=actors.of_request(request), obj=owner)
    context = {
        **model_admin.admin_site.each_context(request),
        **about(request, owner, model_admin),
        "title": _("Put an earlier value back"),
        "part": words.title(step) if model is not model_admin.model else "",
        "lines": lines,
        "is_whole": is_whole,
        "since": step.at,
        "seen": earlier_values.fingerprint(row),
        "others": _others(request, owner, step, field),
        "back": changes_url(model_admin, owner),
    }
    return render(request, "contacts/change_restore.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def remove(
    request: HttpRequest,
    object_id: uuid.UUID,
    table: str,
    version_id: int,
    field: str,
    model_admin: Any,
) -> HttpResponse:
    """Ask whether a wrong old value is to go for good, and take it out."""
    if not may_remove(request.user):
        raise Http404
    owner = owner_of(request, object_id, model_admin)
    step = _step(request, owner, table, version_id)
    words = Words(request.user)
    line = next((each for each in words.lines(step) if each.name == field), None)
    if line is None or not line.is_clear or not line.was:
        raise Http404
    if request.method == "POST":
        try:
            earlier_values.remove(step, field, actor=actors.of_request(request))
        except DomainError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The earlier value is removed."))
            return redirect(changes_url(model_admin, owner))
    audit.record("record.viewed", actor=actors.of_request(request), obj=owner)
    context = {
        **model_admin.admin_site.each_context(request),
        **about(request, owner, model_admin),
        "title": _("Remove an earlier value"),
        "part": words.title(step)
        if step.history.model is not model_admin.model
        else "",
        "line": line,
        "since": step.at,
        "back": changes_url(model_admin, owner),
    }
    return render(request, "contacts/change_remove.html", context)


def owner_of(
    request: HttpRequest, object_id: uuid.UUID, model_admin: Any
) -> Contact | Company:
    """Return the person or company, not found where the reader does not reach it."""
    model = model_admin.model
    category = category_of(model)
    assert category is not None  # noqa: S101 - both have one
    access.require(request.user, Action.VIEW, category)
    rows = access.visible_to(request.user, model._default_manager.all())
    owner: Contact | Company = get_object_or_404(rows, pk=object_id)
    return owner


def about(
    request: HttpRequest, owner: Contact | Company, model_admin: Any
) -> dict[str, Any]:
    seen: Any = access.as_seen(request.user, owner)
    name = seen.full_name if isinstance(owner, Contact) else seen.name
    return {
        "name": name or _("no name"),
        "page_url": reverse(f"{_start(model_admin)}_page", args=[owner.pk]),
        "changes_url": changes_url(model_admin, owner),
        "model_admin": model_admin,
    }


def _start(model_admin: Any) -> str:
    return f"admin:contacts_{model_admin.opts.model_name}"


def changes_url(model_admin: Any, owner: Contact | Company) -> str:
    return reverse(f"{_start(model_admin)}_changes", args=[owner.pk])


def _step(
    request: HttpRequest, owner: Contact | Company, table: str, version_id: int
) -> Step:
    """Return one change of this very person or company, not found for any other."""
    found = [each for each in histories() if each.model._meta.model_name == table]
    if not found or not access.may_model(request.user, Action.VIEW, found[0].model):
        raise Http404
    step = changes.step_of(found[0], version_id)
    if step is None or not any(
        getattr(step.was, f"{anchor.name}_id") == owner.pk
        for anchor in found[0].anchors
        if anchor.target is type(owner)
    ):
        raise Http404
    return step


def may_restore(
    request: HttpRequest, owner: Contact | Company, step: Step, field: str
) -> bool:
    """Whether the reader may put this back: by category, by scope and by field."""
    user, model = request.user, step.history.model
    fits = (
        earlier_values.may_put_back(step, field)
        if field
        else earlier_values.may_bring_back(step)
    )
    if not fits or not access.may_model(user, Action.CHANGE, model):
        return False
    if not field and not access.may_model(user, Action.ADD, model):
        return False
    asked = [field] if field else list(step.history.fields)
    return access.reaches(user, Action.CHANGE, owner) and all(
        access.editable(user, model, name, kind=access.kind_of(step.was, name))
        for name in asked
    )


def may_remove(user: object) -> bool:
    """Whoever decides about requests of data subjects (GDPR Art. 16 and 17)."""
    return access.may(user, Action.APPROVE, Category.REQUESTS)


def _others(
    request: HttpRequest, owner: Contact | Company, step: Step, field: str
) -> int:
    """Count the other people, of those the reader reaches, who have this address now."""
    if step.history.model is not ContactPoint or field not in ("-", "value"):
        return 0
    value = step.was.value
    is_email = step.was.kind == ContactPoint.Kind.EMAIL
    found = holders_of(
        emails={value} if is_email else set(), phones=set() if is_email else {value}
    )
    return access.visible_to(request.user, found).exclude(pk=owner.pk).count()
