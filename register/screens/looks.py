"""Who looked at a person or another record, and at whom a colleague looked."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _now, gettext_lazy as _
from django.views.decorators.http import require_safe

from register import access, actors, audit
from register.activities import ACTIVITIES
from register.audit import looks
from register.datamap.earlier_keys import with_earlier_keys
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category
from register.models import ApiKey, AuditEntry, RoleAssignment, User
from register.screens import rows

audit.register_actions(
    {
        "audit.person_asked": _("looked at who looked at a person"),
        "audit.record_asked": _("looked at who looked at a record"),
        "audit.account_asked": _("looked at whom an account looked at"),
    }
)
INPUT = {"class": "sel-input"}
DAY = {"type": "date", **INPUT}


class LooksForm(forms.Form):
    """Which looks to show."""

    kind = forms.ChoiceField(
        label=_("kind"),
        choices=[("", _("all")), *looks.Look.choices],
        required=False,
        widget=forms.Select(attrs=INPUT),
    )
    first = forms.DateField(
        label=_("from"), required=False, widget=forms.DateInput(DAY, "%Y-%m-%d")
    )
    last = forms.DateField(
        label=_("to"), required=False, widget=forms.DateInput(DAY, "%Y-%m-%d")
    )

    def asked(self) -> dict[str, Any]:
        """Return what was asked; a field that is wrong asks nothing."""
        self.is_valid()
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        return {
            "kind": self.cleaned_data.get("kind", ""),
            "first": _midnight(first) if first else None,
            "end": _midnight(last + timedelta(days=1)) if last else None,
        }


def of_person(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """Show who looked at a person, for those who see the audit trail and people.

    Looks at records that were merged into this one are among them.
    """
    access.require(request.user, Action.VIEW, Category.AUDIT)
    access.require(request.user, Action.VIEW, Category.IDENTITY)
    model = rows.person_model()
    person = get_object_or_404(
        access.visible_to(request.user, model._default_manager.all()), pk=key
    )
    audit.record("audit.person_asked", actor=actors.of_request(request), obj=person)
    form = LooksForm(request.GET)
    page = looks.at_people(
        with_earlier_keys([key]), **form.asked(), before=_before(request)
    )
    names = rows.names_of_people([key], user=request.user)
    context = {
        **_context(request, form, page),
        "title": _("Who looked"),
        "name": names.get(key, ""),
        "name_url": rows.url_of(model, key),
        "lines": _lines(page.entries, user=request.user),
        "is_of_person": True,
    }
    return _rendered(request, context)


def of_record(
    request: HttpRequest,
    record: models.Model,
    *,
    looked_at: Iterable[tuple[str, Collection[str]]],
    name: str,
) -> HttpResponse:
    """Show who looked at a record that is no person's, for those who see the audit trail.

    ``looked_at`` are the kinds of records that are shown with it, and keys of each.
    """
    access.require(request.user, Action.VIEW, Category.AUDIT)
    audit.record("audit.record_asked", actor=actors.of_request(request), obj=record)
    form = LooksForm(request.GET)
    page = looks.at_records(looked_at, **form.asked(), before=_before(request))
    context = {
        **_context(request, form, page),
        "title": _("Who looked"),
        "name": name,
        "name_url": rows.url_of(type(record), record.pk),
        "lines": _lines(page.entries, user=request.user),
        "is_of_person": True,
    }
    return _rendered(request, context)


@require_safe
def of_account(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    """Show at whom a colleague looked; asking for it is on the record, too."""
    access.require(request.user, Action.VIEW, Category.AUDIT)
    access.require(request.user, Action.VIEW, Category.STAFF)
    account = get_object_or_404(User, pk=pk)
    audit.record("audit.account_asked", actor=actors.of_request(request), obj=account)
    form = LooksForm(request.GET)
    page = looks.by_account(str(pk), **form.asked(), before=_before(request))
    lines = _lines(page.entries, user=request.user)
    _tell_whom(lines, user=request.user)
    context = {
        **_context(request, form, page),
        "title": _("Whom this account looked at"),
        "name": account.get_full_name() or account.email,
        "name_url": reverse("admin:register_user_access", args=[pk]),
        "lines": lines,
        "is_of_person": False,
    }
    return _rendered(request, context)


def _tell_whom(lines: list[dict[str, Any]], *, user: object) -> None:
    """Add to lines who or what was looked at, as far as ``user`` may know."""
    entries = [line["entry"] for line in lines]
    names = rows.names_of_people([e.subject_id for e in entries], user=user)
    records = rows.names_of_records(
        [(e.object_type, e.object_id) for e in entries if not e.subject_id], user=user
    )
    for line in lines:
        entry = line["entry"]
        subject = entry.subject_id
        line["person_url"] = ""
        if subject:
            line["person"] = names.get(subject) or str(subject)[:8]
            if subject in names:
                line["person_url"] = rows.url_of(rows.person_model(), subject)
        else:
            key = (entry.object_type, entry.object_id)
            line["person"] = records.get(key) or f"{line['record']} {key[1][:8]}"
            line["person_url"] = line["url"]


def _rendered(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    response = render(request, "register/looks_show.html", context)
    response["Cache-Control"] = "no-store"
    return response


def _context(request: HttpRequest, form: LooksForm, page: looks.Page) -> dict[str, Any]:
    query = {
        name: value
        for name in form.fields
        if (value := request.GET.get(name, "")) and name not in form.errors
    }
    older = ""
    if page.older_before is not None:
        older = f"?{urlencode({**query, 'before': page.older_before})}"
    return {
        **admin.site.each_context(request),
        "form": form,
        "older": older,
        "newest": f"?{urlencode(query)}" if "before" in request.GET else "",
    }


def _lines(entries: list[AuditEntry], *, user: object) -> list[dict[str, Any]]:
    staff = {e.actor_id for e in entries if e.actor_kind == AuditEntry.Actor.STAFF}
    keys = {e.actor_id for e in entries if e.actor_kind == AuditEntry.Actor.API_KEY}
    names = {
        str(each.pk): each.get_full_name() or each.email
        for each in User.objects.filter(pk__in=staff)
    }
    names |= {
        str(each.pk): each.name for each in ApiKey.objects.filter(pk__in=keys - {""})
    }
    roles: dict[str, list[str]] = {}
    for holder, role in RoleAssignment.objects.filter(user_id__in=staff).values_list(
        "user_id", "role__name"
    ):
        roles.setdefault(str(holder), []).append(_now(role))
    kinds = {
        entry.model._meta.label_lower: str(capfirst(entry.model._meta.verbose_name))
        for entry in graph()
    }
    told = looks.told_of_many(entries, user)
    return [
        {
            "entry": entry,
            "url": told.get(entry.pk, ("", ""))[0],
            "reason": told.get(entry.pk, ("", ""))[1],
            "kind": looks.kind_of(entry.action).label,
            "record": kinds.get(entry.object_type, entry.object_type),
            "who": names.get(entry.actor_id) or entry.get_actor_kind_display(),
            "roles": ", ".join(sorted(roles.get(entry.actor_id, []))),
            "purpose": activity.purpose
            if (activity := ACTIVITIES.get(entry.purpose))
            else "",
        }
        for entry in entries
    ]


def _before(request: HttpRequest) -> int | None:
    text = request.GET.get("before", "")
    # As long as a number of an entry can be.
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
