"""Arranging meetings, saying what became of them, and who takes part."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.models import Meeting, MeetingColleague, MeetingParticipant
from communications.services.notes import clean
from contacts.models import Company, Contact
from register import access, audit
from register.actors import Actor
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import User

audit.register_actions(
    {
        "meeting.arranged": _("arranged a meeting"),
        "meeting.changed": _("changed a meeting"),
        "meeting.held": _("said that a meeting was held"),
        "meeting.cancelled": _("cancelled a meeting"),
        "meeting.planned": _("planned a meeting anew"),
        "meeting.people_changed": _("changed who takes part in a meeting"),
        "meeting.downloaded": _("downloaded a meeting for a calendar"),
    }
)

State = Meeting.State
FARTHEST = timedelta(days=3650)
LONGEST = timedelta(days=14)
MOST_PEOPLE = 200
# What a calendar shows; with a change of these it is told of a new revision.
_SHOWN = ("title", "starts_at", "finishes_at", "place", "link")
_CHANGEABLE = frozenset((*_SHOWN, "agenda", "minutes"))


@transaction.atomic
def arrange(
    about: Contact | Company,
    *,
    title: str,
    starts_at: datetime,
    finishes_at: datetime,
    place: str = "",
    link: str = "",
    agenda: str = "",
    actor: Actor,
) -> Meeting:
    """Arrange a meeting with a person or a company; what is over already was held.

    Raises DomainError for a bad text, link or time.
    """
    meeting = Meeting(
        company=about if isinstance(about, Company) else None,
        title=title.strip(),
        starts_at=starts_at,
        finishes_at=finishes_at,
        place=place.strip(),
        link=link.strip(),
        agenda=agenda.strip(),
        state=State.HELD if finishes_at <= timezone.now() else State.PLANNED,
        responsible=actor.user,
    )
    _check(meeting)
    meeting.save()
    people = [about.pk] if isinstance(about, Contact) else []
    MeetingParticipant.objects.bulk_create(
        MeetingParticipant(meeting=meeting, contact_id=key) for key in people
    )
    _record("meeting.arranged", meeting, people, actor)
    return meeting


@transaction.atomic
def change(meeting: Meeting, *, actor: Actor, **values: Any) -> Meeting:
    """Change what is told of a meeting. Raises DomainError as :func:`arrange` does."""
    unknown = set(values) - _CHANGEABLE
    if unknown:
        raise TypeError(f"A meeting has no changeable {sorted(unknown)}.")
    locked = _locked(meeting)
    new = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in values.items()
    }
    changed = {name for name in new if getattr(locked, name) != new[name]}
    if changed:
        for name in changed:
            setattr(locked, name, new[name])
        _check(locked)
        locked.revision += bool(changed & set(_SHOWN))
        locked.changed_at = timezone.now()
        locked.save()
        _record("meeting.changed", locked, _people_of(locked), actor)
    return locked


@transaction.atomic
def close(meeting: Meeting, *, state: Meeting.State, actor: Actor) -> Meeting:
    """Say that it was held, is cancelled, or is planned after all. Twice changes nothing."""
    locked = _locked(meeting)
    if state == State.HELD and locked.starts_at > timezone.now():
        raise DomainError(
            "meeting_to_come", _("This meeting has not begun yet."), field="state"
        )
    if locked.state != state:
        locked.state, locked.changed_at = state, timezone.now()
        locked.revision += 1
        locked.save(update_fields=["state", "changed_at", "revision"])
        _record(f"meeting.{state}", locked, _people_of(locked), actor)
    return locked


@transaction.atomic
def set_people(
    meeting: Meeting,
    *,
    contacts: Collection[UUID],
    colleagues: Collection[UUID],
    besides: Collection[UUID] = (),
    actor: Actor,
) -> Meeting:
    """Make these take part, and nobody else; people in ``besides`` stay as they are.

    ``besides`` are those whom the actor does not see. Raises DomainError for somebody
    unknown, a colleague who may not see meetings, or a meeting of nobody.
    """
    locked = _locked(meeting)
    wanted = set(contacts) | set(besides)
    if len(wanted) + len(set(colleagues)) > MOST_PEOPLE:
        raise DomainError(
            "too_many_people", _("A meeting has 200 participants at most.")
        )
    if not wanted and locked.company_id is None:
        raise DomainError(
            "meeting_of_nobody",
            _("Somebody has to take part, or the meeting is of a company."),
            field="contacts",
        )
    before = set(_people_of(locked))
    added = wanted - before
    # Locked, so that nobody is erased meanwhile.
    found = Contact.objects.select_for_update(no_key=True).filter(pk__in=added)
    if set(found.order_by("pk").values_list("pk", flat=True)) != added:
        raise DomainError(
            "unknown_contact", _("There is no such contact."), field="contacts"
        )
    locked.participants.exclude(contact_id__in=wanted).delete()
    MeetingParticipant.objects.bulk_create(
        MeetingParticipant(meeting=locked, contact_id=key) for key in sorted(added)
    )
    is_changed = wanted != before
    is_changed |= _set_colleagues(locked, set(colleagues))
    if is_changed:
        _record("meeting.people_changed", locked, sorted(wanted | before), actor)
    return locked


def _set_colleagues(meeting: Meeting, wanted: set[UUID]) -> bool:
    before = set(meeting.colleagues.values_list("user_id", flat=True))
    for user in User.objects.filter(pk__in=wanted - before):
        if not access.may(user, Action.VIEW, Category.NOTES):
            raise DomainError(
                "colleague_sees_no_notes",
                _("Choose a colleague whose role sees notes."),
                field="colleagues",
            )
        MeetingColleague.objects.create(meeting=meeting, user=user)
    meeting.colleagues.exclude(user_id__in=wanted).delete()
    return wanted != before


def _check(meeting: Meeting) -> None:
    now = timezone.now()
    if not now - FARTHEST <= meeting.starts_at <= now + FARTHEST:
        raise DomainError(
            "meeting_far",
            _("Choose a time within ten years."),
            field="starts_at",
        )
    if meeting.finishes_at <= meeting.starts_at:
        raise DomainError(
            "meeting_backwards",
            _("The meeting ends before it begins."),
            field="finishes_at",
        )
    if meeting.finishes_at - meeting.starts_at > LONGEST:
        raise DomainError(
            "meeting_long",
            _("A meeting takes two weeks at most."),
            field="finishes_at",
        )
    if any(not letter.isprintable() for letter in meeting.title + meeting.place):
        raise DomainError(
            "title_lines",
            _("Write the subject and the place in one line."),
            field="title",
        )
    clean(meeting)


def _people_of(meeting: Meeting) -> list[UUID]:
    found = meeting.participants.values_list("contact_id", flat=True)
    return sorted(set(found))


def _locked(meeting: Meeting) -> Meeting:
    found = Meeting.objects.select_for_update().filter(pk=meeting.pk).first()
    if found is None:
        raise DomainError("meeting_gone", _("This meeting has been deleted meanwhile."))
    return found


def record_download(meeting: Meeting, *, actor: Actor) -> None:
    """Record that a meeting was downloaded for a calendar."""
    _record("meeting.downloaded", meeting, _people_of(meeting), actor)


def _record(
    action: str, meeting: Meeting, people: Collection[UUID], actor: Actor
) -> None:
    """Make one entry for each person in it, one without a person if there is none."""
    keys: list[UUID | None] = [*people] or [None]
    for key in keys:
        audit.record(action, actor=actor, obj=meeting, subject_id=key)
