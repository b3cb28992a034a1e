"""The part of a person's or company's page where work with them is noted and planned."""

from __future__ import annotations

from typing import Any

from communications.forms.meetings import WhenForm
from communications.forms.work import FollowUpForm, NoteForm
from communications.models import FollowUp, Meeting, Note
from communications.services.notes import subject_of
from contacts.models import Company, Contact
from contacts.panels import Section, register_section
from register import access
from register.datamap.vocabulary import Action, Category

TEMPLATE = "communications/work_section.html"
# As many as a page shows; the timeline and the lists have the others.
SHOWN = 20


def register() -> None:
    """Make it known to both pages."""
    register_section("work", Category.NOTES, load)


def load(
    about: Contact | Company,
    *,
    user: Any,
    note_form: NoteForm | None = None,
    follow_up_form: FollowUpForm | None = None,
    meeting_form: WhenForm | None = None,
) -> Section:
    """Return the forms, the pinned notes and what is open.

    A company's page has no timeline, so all its newest notes stand here.
    """
    may_add = access.may(user, Action.ADD, Category.NOTES)
    notes = Note.objects.filter(**subject_of(about)).select_related("author")
    if isinstance(about, Contact):
        notes = notes.filter(is_pinned=True)
    whose = (
        {"participants__contact": about}
        if isinstance(about, Contact)
        else {"company": about}
    )
    planned = Meeting.objects.filter(**whose, state=Meeting.State.PLANNED)
    # On a person's page they are on the timeline.
    held = (
        Meeting.objects.none()
        if isinstance(about, Contact)
        else Meeting.objects.filter(company=about)
        .exclude(state=Meeting.State.PLANNED)
        .order_by("-starts_at", "-pk")
    )
    open_ones = FollowUp.objects.filter(**subject_of(about), done_at=None)
    return Section(
        TEMPLATE,
        {
            "kind": "contact" if isinstance(about, Contact) else "company",
            "about": about,
            "note_form": (note_form or NoteForm()) if may_add else None,
            "follow_up_form": (follow_up_form or FollowUpForm(user=user))
            if may_add
            else None,
            "meeting_form": (meeting_form or WhenForm()) if may_add else None,
            "meetings": planned.select_related("responsible")
            .order_by("starts_at", "pk")
            .distinct()[:SHOWN],
            "held": held[:SHOWN],
            "notes": notes.order_by("-is_pinned", "-written_at", "-pk")[:SHOWN],
            "follow_ups": open_ones.select_related("responsible").order_by(
                "due_at", "pk"
            )[:SHOWN],
            "may_change": access.may(user, Action.CHANGE, Category.NOTES),
        },
    )
