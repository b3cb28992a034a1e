"""Writing notes and follow-ups from the page of a person or a company.

htmx gets the part of the page anew, with the timeline beside it; without scripts the
same forms lead back to the page, or to a page with the faulty form.
"""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from communications import work_section
from communications.forms.work import FollowUpForm, NoteForm
from communications.models import FollowUp, Note
from communications.services import follow_ups, notes
from contacts.models import Company, Contact
from contacts.screens import contact_page
from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError

MODELS: dict[str, tuple[Any, Category]] = {
    "contact": (Contact, Category.IDENTITY),
    "company": (Company, Category.COMPANY),
}


@require_POST
def add_note(request: HttpRequest, kind: str, object_id: uuid.UUID) -> HttpResponse:
    """Write a note."""
    about = about_of(request, kind, object_id)
    form = NoteForm(request.POST)
    if form.is_valid():
        try:
            notes.write(about, **form.cleaned_data, actor=actors.of_request(request))
        except DomainError as error:
            add_error(form, error)
        else:
            return answer(request, about, said=_("The note is kept."))
    return answer(request, about, note_form=form)


@require_POST
def add_follow_up(
    request: HttpRequest, kind: str, object_id: uuid.UUID
) -> HttpResponse:
    """Agree on a follow-up."""
    about = about_of(request, kind, object_id)
    form = FollowUpForm(request.POST, user=request.user)  # type: ignore[arg-type]
    if form.is_valid():
        try:
            follow_ups.add(
                about,
                what=form.cleaned_data["what"],
                due_at=form.due_at,
                remind_at=form.remind_at,
                responsible=form.cleaned_data["responsible"],
                actor=actors.of_request(request),
            )
        except DomainError as error:
            add_error(form, error, {"due_at": "day"})
        else:
            return answer(request, about, said=_("The follow-up is planned."))
    return answer(request, about, follow_up_form=form)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_note(request: HttpRequest, pk: int) -> HttpResponse:
    """Change, pin or delete a note."""
    access.require(request.user, Action.CHANGE, Category.NOTES)
    note = get_object_or_404(Note.objects.select_related("contact", "company"), pk=pk)
    about = see(request, note)
    # A mask must not be stored, nor an empty text over what the writer does not see.
    if not access.editable(request.user, Note, "text"):
        raise PermissionDenied
    actor = actors.of_request(request)
    form = NoteForm(
        request.POST if request.method == "POST" else None,
        initial={"text": note.text, "is_pinned": note.is_pinned},
    )
    if request.method == "POST":
        try:
            if request.POST.get("action") == "delete":
                access.require(request.user, Action.DELETE, Category.NOTES)
                notes.delete(note, actor=actor)
                messages.success(request, _("The note is deleted."))
                return redirect(page_of(about))
            if form.is_valid():
                notes.change(note, text=form.cleaned_data["text"], actor=actor)
                notes.pin(note, is_pinned=form.cleaned_data["is_pinned"], actor=actor)
                return redirect(page_of(about))
        except DomainError as error:
            add_error(form, error)
    context = {
        **admin.site.each_context(request),
        "title": _("Note"),
        "form": form,
        "may_delete": access.may(request.user, Action.DELETE, Category.NOTES),
        "back": page_of(about),
    }
    return render(request, "communications/note_edit.html", context)


def see(request: HttpRequest, row: Note | FollowUp) -> Contact | Company:
    """Return whom a row is about, if the reader may see that; raise otherwise."""
    kind = "contact" if row.contact_id else "company"
    return _seen(request, kind, row.contact_id or row.company_id)


def page_of(about: Contact | Company) -> str:
    """Return the address of the page of a person or a company."""
    name = "contact_page" if isinstance(about, Contact) else "company_page"
    return reverse(f"admin:contacts_{name}", args=[about.pk])


def add_error(
    form: forms.Form, error: DomainError, names: dict[str, str] | None = None
) -> None:
    """Show a refusal beside the field it is about."""
    field = (names or {}).get(error.field, error.field)
    form.add_error(field if field in form.fields else None, str(error))


def about_of(
    request: HttpRequest, kind: str, object_id: uuid.UUID
) -> Contact | Company:
    """Return whom something new is to be about, if the user may add it; raise otherwise."""
    access.require(request.user, Action.ADD, Category.NOTES)
    return _seen(request, kind, object_id)


def _seen(request: HttpRequest, kind: str, object_id: Any) -> Contact | Company:
    if kind not in MODELS:
        raise Http404
    model, category = MODELS[kind]
    access.require(request.user, Action.VIEW, category)
    found: Contact | Company = get_object_or_404(model, pk=object_id)
    return found


def answer(
    request: HttpRequest, about: Contact | Company, *, said: Any = "", **faulty: Any
) -> HttpResponse:
    """Return the part of the page anew, or to those without scripts a page."""
    if said and not request.headers.get("HX-Request"):
        messages.success(request, said)
        return redirect(page_of(about))
    context: dict[str, Any] = {
        "section": work_section.load(about, user=request.user, **faulty),
        "said": said,
    }
    if not request.headers.get("HX-Request"):
        context |= {
            **admin.site.each_context(request),
            "title": _("Notes, follow-ups and meetings"),
            "back": page_of(about),
        }
        return render(request, "communications/work_page.html", context)
    if isinstance(about, Contact) and said:
        context |= {
            "contact": about,
            "is_out_of_band": True,
            **contact_page.timeline_of(request, about),
        }
    return render(request, "communications/work_answer.html", context)
