"""Meetings: arranged on the page of a person or company, kept on a page of their own."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from communications import calendar_files
from communications.forms.meetings import MeetingForm, PeopleForm, WhenForm
from communications.models import Meeting
from communications.screens.work import about_of, add_error, answer
from communications.services import meetings
from contacts.models import Company
from register import access, actors, audit
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.screens.rows import names_of_people

TIMES = ("starts_at", "finishes_at")
TOLD = (*TIMES, "title", "place", "link", "agenda", "minutes")
CLOSED = {
    Meeting.State.HELD: _("It is kept that the meeting was held."),
    Meeting.State.CANCELLED: _("The meeting is cancelled."),
    Meeting.State.PLANNED: _("The meeting is planned again."),
}


@require_POST
def arrange(request: HttpRequest, kind: str, object_id: uuid.UUID) -> HttpResponse:
    """Arrange a meeting with a person or a company."""
    about = about_of(request, kind, object_id)
    form = WhenForm(request.POST)
    if form.is_valid():
        try:
            meetings.arrange(about, **form.values, actor=actors.of_request(request))
        except DomainError as error:
            add_error(form, error, WhenForm.places)
        else:
            return answer(request, about, said=_("The meeting is arranged."))
    return answer(request, about, meeting_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a meeting, change it, and say who takes part."""
    meeting = _meeting(request, pk)
    actor = actors.of_request(request)
    may_change = access.reaches(request.user, Action.CHANGE, meeting)
    # The form holds the whole meeting: whoever does not see all of it writes none.
    may_write = may_change and all(
        access.editable(request.user, Meeting, name) for name in TOLD
    )
    asked = request.POST.get("action", "")
    if asked == "save" and not may_write:
        raise PermissionDenied
    if asked:
        access.require_row(request.user, Action.CHANGE, meeting)
    keys = list(meeting.participants.values_list("contact_id", flat=True))
    # Whom the reader does not see stays in the meeting whatever the form says.
    seen = _names(request, keys)
    form = MeetingForm(
        request.POST if asked == "save" else None,
        initial=MeetingForm.initial_of(meeting),
    )
    people = PeopleForm(
        request.POST if asked == "people" else None,
        meeting=meeting,
        initial={
            "contacts": list(seen),
            "colleagues": list(meeting.colleagues.values_list("user_id", flat=True)),
        },
    )
    try:
        if asked == "save" and form.is_valid():
            meetings.change(meeting, actor=actor, **form.values)
            return _back(request, meeting, _("The meeting is saved."))
        if asked == "people" and people.is_valid():
            meetings.set_people(
                meeting,
                contacts=[each.pk for each in people.cleaned_data["contacts"]],
                colleagues=[each.pk for each in people.cleaned_data["colleagues"]],
                besides=[key for key in keys if key not in seen],
                actor=actor,
            )
            return _back(request, meeting, _("It is kept who takes part."))
    except DomainError as error:
        add_error(form if asked == "save" else people, error, WhenForm.places)
    for key in list(seen) or [None]:
        audit.record("record.viewed", actor=actor, obj=meeting, subject_id=key)
    context = {
        **admin.site.each_context(request),
        "title": _("Meeting"),
        "meeting": access.as_seen(request.user, meeting),
        "people": list(seen.items()),
        "hidden": len({key for key in keys if key not in seen}),
        "colleagues": [
            each.user.get_full_name()
            for each in meeting.colleagues.select_related("user")
        ],
        "company": _company(request, meeting),
        "form": form if may_write else None,
        "people_form": people if may_change else None,
        "may_change": may_change,
    }
    return render(request, "communications/meeting_show.html", context)


@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a meeting was held, is cancelled, or is planned after all."""
    meeting = _meeting(request, pk)
    access.require_row(request.user, Action.CHANGE, meeting)
    asked = request.POST.get("action", "")
    if asked not in CLOSED:
        raise Http404
    state = Meeting.State(asked)
    try:
        meetings.close(meeting, state=state, actor=actors.of_request(request))
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, CLOSED[state])
    if request.POST.get("back") == "mine":
        return redirect("admin:communications_followup_mine")
    return redirect(page_of_meeting(meeting))


@require_safe
def calendar(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the meeting as a file for a calendar."""
    meeting = _meeting(request, pk)
    # A calendar has no place for a mask of an hour.
    if not all(access.in_clear(request.user, Meeting, name) for name in TIMES):
        raise PermissionDenied
    meetings.record_download(meeting, actor=actors.of_request(request))
    response = HttpResponse(
        calendar_files.file_of(access.as_seen(request.user, meeting)),
        content_type="text/calendar; charset=utf-8",
    )
    response["Content-Disposition"] = f'attachment; filename="meeting-{meeting.pk}.ics"'
    response["Cache-Control"] = "no-store"
    return response


def page_of_meeting(meeting: Meeting) -> str:
    """Return the address of a meeting's page."""
    return reverse("admin:communications_meeting_show", args=[meeting.pk])


def _meeting(request: HttpRequest, pk: int) -> Meeting:
    access.require(request.user, Action.VIEW, Category.NOTES)
    found: Meeting = get_object_or_404(
        access.visible_to(
            request.user, Meeting.objects.select_related("responsible", "company")
        ),
        pk=pk,
    )
    return found


def _names(request: HttpRequest, keys: list[Any]) -> dict[Any, str]:
    if not access.may(request.user, Action.VIEW, Category.IDENTITY):
        return {}
    return names_of_people(keys, user=request.user)


def _company(request: HttpRequest, meeting: Meeting) -> Company | None:
    if not access.may(request.user, Action.VIEW, Category.COMPANY):
        return None
    return access.as_seen(request.user, meeting.company) if meeting.company else None


def _back(request: HttpRequest, meeting: Meeting, said: Any) -> HttpResponse:
    messages.success(request, said)
    return redirect(page_of_meeting(meeting))
