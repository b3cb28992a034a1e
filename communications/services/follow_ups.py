"""Agreeing on follow-ups, doing them, putting them off and handing them over."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from communications.models import FollowUp
from communications.services import reminders
from communications.services.notes import clean, subject_of
from contacts.models import Company, Contact
from register import access, audit
from register.actors import Actor
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import User

audit.register_actions(
    {
        "follow_up.added": _("added a follow-up"),
        "follow_up.done": _("marked a follow-up as done"),
        "follow_up.reopened": _("opened a follow-up again"),
        "follow_up.postponed": _("postponed a follow-up"),
        "follow_up.handed_over": _("handed a follow-up over"),
        "follow_up.taken_back": _("took a follow-up back"),
    }
)

FARTHEST = timedelta(days=3650)


@transaction.atomic
def add(
    about: Contact | Company,
    *,
    what: str,
    due_at: datetime,
    responsible: User | None = None,
    remind_at: datetime | None = None,
    actor: Actor,
) -> FollowUp:
    """Agree on something to do; without ``responsible`` it is the actor's own.

    Raises DomainError for a bad text or time, or a colleague who may not see notes.
    """
    follow_up = FollowUp(
        **subject_of(about),
        what=what.strip(),
        due_at=due_at,
        remind_at=remind_at,
        responsible=responsible or actor.user,
    )
    _check_time(due_at)
    _check_colleague(follow_up.responsible)
    clean(follow_up)
    follow_up.save()
    _record("follow_up.added", follow_up, actor)
    return follow_up


@transaction.atomic
def finish(follow_up: FollowUp, *, actor: Actor) -> FollowUp:
    """Mark it as done. Doing it twice changes nothing."""
    locked = _locked(follow_up)
    if locked.done_at is None:
        locked.done_at = timezone.now()
        locked.save(update_fields=["done_at"])
        _record("follow_up.done", locked, actor)
    return locked


@transaction.atomic
def reopen(follow_up: FollowUp, *, actor: Actor) -> FollowUp:
    """Say that it was not done after all."""
    locked = _locked(follow_up)
    if locked.done_at is not None:
        locked.done_at = None
        locked.save(update_fields=["done_at"])
        _record("follow_up.reopened", locked, actor)
    return locked


@transaction.atomic
def postpone(follow_up: FollowUp, *, due_at: datetime, actor: Actor) -> FollowUp:
    """Move it to another time; its reminder moves along and comes again."""
    _check_time(due_at)
    locked = _open(follow_up)
    if locked.due_at != due_at:
        if locked.remind_at is not None:
            ahead = max(locked.due_at - locked.remind_at, timedelta(0))
            locked.remind_at = due_at - ahead
            locked.reminded_at = locked.mailed_at = None
        locked.due_at = due_at
        locked.save()
        _record("follow_up.postponed", locked, actor)
    return locked


@transaction.atomic
def hand_over(follow_up: FollowUp, *, to: User, actor: Actor) -> FollowUp:
    """Make a colleague responsible, who is reminded in turn."""
    _check_colleague(to)
    locked = _open(follow_up)
    if locked.responsible_id != to.pk:
        locked.responsible = to
        locked.reminded_at = locked.mailed_at = None
        locked.save()
        _record("follow_up.handed_over", locked, actor)
    return locked


@transaction.atomic
def take_back(follow_up: FollowUp, *, actor: Actor) -> None:
    """Remove one that was agreed on by mistake and that nobody has done yet."""
    locked = _open(follow_up)
    _record("follow_up.taken_back", locked, actor)
    locked.delete()


def _locked(follow_up: FollowUp) -> FollowUp:
    found = FollowUp.objects.select_for_update().filter(pk=follow_up.pk).first()
    if found is None:
        raise DomainError(
            "follow_up_gone", _("This follow-up has been deleted meanwhile.")
        )
    return found


def _open(follow_up: FollowUp) -> FollowUp:
    locked = _locked(follow_up)
    if not locked.is_open:
        raise DomainError("follow_up_done", _("This follow-up is done already."))
    return locked


def _check_time(due_at: datetime) -> None:
    now = timezone.now()
    if not now - timedelta(days=366) <= due_at <= now + FARTHEST:
        raise DomainError(
            "due_at_far",
            _("Choose a time within the next ten years."),
            field="due_at",
        )


def _check_colleague(user: User | None) -> None:
    if user is None or not access.may(user, Action.VIEW, Category.NOTES):
        raise DomainError(
            "colleague_sees_no_notes",
            _("Choose a colleague whose role sees notes."),
            field="responsible",
        )


def _record(action: str, follow_up: FollowUp, actor: Actor) -> None:
    reminders.count_anew(follow_up.responsible_id)
    audit.record(action, actor=actor, obj=follow_up, subject_id=follow_up.contact_id)
