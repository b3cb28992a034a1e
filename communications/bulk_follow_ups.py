"""A follow-up for each of many people at once."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from communications.forms.work import MORNING, colleagues
from communications.models import FollowUp
from communications.models.notes import NO_HEALTH_DATA
from communications.services import follow_ups
from contacts.models import Contact
from contacts.services.bulk.kinds import BulkKind, Change, Terms, register_kind
from register.actors import Actor
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import User


class DayField(forms.DateField):
    """A day, taken as the morning of that day."""

    def clean(self, value: Any) -> Any:
        """Return the instant as terms hold it."""
        day = super().clean(value)
        at = timezone.datetime.combine(day, MORNING)  # type: ignore[attr-defined]
        return timezone.make_aware(at).isoformat()


def _fields(user: Any) -> dict[str, forms.Field]:
    offered = [(str(each.pk), each.get_full_name()) for each in colleagues()]
    return {
        "text": forms.CharField(
            label=_("What to do"), max_length=300, help_text=NO_HEALTH_DATA
        ),
        "due_at": DayField(
            label=_("Due"), widget=forms.DateInput(attrs={"type": "date"})
        ),
        "colleague": forms.ChoiceField(
            label=_("Responsible"), choices=[("", _("me")), *offered], required=False
        ),
    }


def _add(row: Contact, terms: Terms, actor: Actor) -> Change | None:
    due_at, key = parse_datetime(terms["due_at"]), terms.get("colleague")
    user = User.objects.filter(pk=key).first() if key else actor.user
    if due_at is None or user is None:
        raise DomainError("nobody_to_assign", _("Choose a colleague who is there."))
    made = follow_ups.add(
        row, what=terms["text"], due_at=due_at, responsible=user, actor=actor
    )
    return Change(made=str(made.pk))


def _take_back(row: Contact, change: Change, terms: Terms, actor: Actor) -> bool:
    """Remove it if nobody did it, put it off or handed it over."""
    found = FollowUp.objects.filter(pk=change.made, contact=row).first()
    key = terms.get("colleague") or actor.id
    if (
        found is None
        or not found.is_open
        or found.due_at != parse_datetime(terms["due_at"])
        or str(found.responsible_id) != key
    ):
        return False
    follow_ups.take_back(found, actor=actor)
    return True


def register() -> None:
    """Make it known; called once, when the app is ready."""
    register_kind(
        BulkKind(
            "follow_up",
            Contact,
            _("Add a follow-up"),
            _fields,
            _add,
            _take_back,
            needs=((Action.VIEW, Category.NOTES), (Action.ADD, Category.NOTES)),
        )
    )
