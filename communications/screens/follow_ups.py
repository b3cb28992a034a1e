"""What a colleague has to do: overdue, today, this week, later."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from communications import selectors
from communications.forms.work import HandOverForm, PostponeForm
from communications.models import FollowUp
from communications.screens.work import add_error, page_of, see
from communications.services import follow_ups
from contacts.models import Company
from contacts.screens.side_by_side import name_of
from register import access, actors, audit
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.screens.rows import names_of_people

LONGEST_LIST = 200
MEETINGS = 30


@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Show my open follow-ups by urgency."""
    access.require(request.user, Action.VIEW, Category.NOTES)
    found = selectors.open_follow_ups(request.user)
    sees_times = access.in_clear(request.user, FollowUp, "due_at")
    if not sees_times:
        found = found.order_by("pk")
    found = found[: LONGEST_LIST + 1]
    shown = _with_whom(list(found)[:LONGEST_LIST], user=request.user)
    meetings = [
        access.as_seen(request.user, each)
        for each in selectors.meetings_to_come(request.user)[:MEETINGS]
    ]
    for rows in (shown, meetings):
        if rows:
            audit.record(
                "record.listed",
                actor=actors.of_request(request),
                object_type=rows[0]._meta.label_lower,
                count=len(rows),
            )
    context = {
        **admin.site.each_context(request),
        "title": _("My follow-ups and meetings"),
        "groups": _groups(shown) if sees_times else _undated(shown),
        "meetings": meetings,
        "is_cut": len(found) > LONGEST_LIST,
        "may_change": access.may(request.user, Action.CHANGE, Category.NOTES),
    }
    return render(request, "communications/follow_ups_mine.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a follow-up as done, put it off, hand it over or open it again."""
    access.require(request.user, Action.CHANGE, Category.NOTES)
    follow_up = get_object_or_404(
        FollowUp.objects.select_related("contact", "company"), pk=pk
    )
    about = see(request, follow_up)
    asked = request.POST.get("action", "")
    later = PostponeForm(
        request.POST if asked == "postpone" else None, initial=_times(follow_up.due_at)
    )
    colleague = HandOverForm(request.POST if asked == "hand_over" else None)
    actor = actors.of_request(request)
    try:
        said: Any = ""
        if asked == "done":
            follow_ups.finish(follow_up, actor=actor)
            said = _("Done.")
        elif asked == "reopen":
            follow_ups.reopen(follow_up, actor=actor)
            said = _("It is open again.")
        elif asked == "postpone" and later.is_valid():
            follow_ups.postpone(follow_up, due_at=later.due_at, actor=actor)
            said = _("It is postponed.")
        elif asked == "hand_over" and colleague.is_valid():
            to = colleague.cleaned_data["responsible"]
            follow_ups.hand_over(follow_up, to=to, actor=actor)
            said = _("It is handed over.")
    except DomainError as error:
        if error.code in ("follow_up_done", "follow_up_gone"):
            messages.error(request, str(error))
            return redirect(page_of(about))
        add_error(later if asked == "postpone" else colleague, error, {"due_at": "day"})
    if said:
        messages.success(request, said)
        to_list = request.POST.get("back") == "mine"
        return redirect(
            "admin:communications_followup_mine" if to_list else page_of(about)
        )
    audit.record(
        "record.viewed", actor=actor, obj=follow_up, subject_id=follow_up.contact_id
    )
    context = {
        **admin.site.each_context(request),
        "title": _("Follow-up"),
        "follow_up": access.as_seen(request.user, follow_up),
        "about": name_of(about),
        "later": later,
        "colleague": colleague,
        "back": page_of(about),
    }
    return render(request, "communications/follow_up_decide.html", context)


def _times(due_at: datetime) -> dict[str, Any]:
    local = timezone.localtime(due_at) + timedelta(days=1)
    return {"day": local.date(), "at": local.time()}


def _groups(rows: list[FollowUp]) -> list[tuple[Any, str, list[FollowUp]]]:
    """Return the headings that have rows: title, mark and rows."""
    now = timezone.now()
    today = timezone.localdate()
    sunday = today + timedelta(days=6 - today.weekday())
    parts: list[tuple[Any, str, list[FollowUp]]] = [
        (_("Overdue"), "bad", []),
        (_("Today"), "warn", []),
        (_("This week"), "", []),
        (_("Later"), "", []),
    ]
    for row in rows:
        day = timezone.localdate(row.due_at)
        if row.due_at < now:
            place = 0
        elif day == today:
            place = 1
        elif day <= sunday:
            place = 2
        else:
            place = 3
        parts[place][2].append(row)
    return [part for part in parts if part[2]]


def _undated(rows: list[FollowUp]) -> list[tuple[Any, str, list[FollowUp]]]:
    """Return all under one heading: the others would tell when something is due."""
    return [(_("Later"), "", rows)] if rows else []


def _with_whom(rows: list[FollowUp], *, user: object) -> list[FollowUp]:
    """Give each follow-up what it is about, as far as ``user`` may know: ``about``.

    A company that the reader cannot see, a protected sole trader's for example, has
    no name here either.
    """
    sees_companies = access.may(user, Action.VIEW, Category.COMPANY)
    names: dict[Any, str] = names_of_people([row.contact_id for row in rows], user=user)
    if sees_companies:
        found = Company.objects.in_bulk([r.company_id for r in rows if r.company_id])
        names |= {
            key: access.present(user, company, "name") for key, company in found.items()
        }
    seen: list[Any] = []
    for row in rows:
        shown: Any = copy.copy(access.as_seen(user, row))
        shown.about = names.get(row.contact_id or row.company_id, "")
        seen.append(shown)
    return seen
