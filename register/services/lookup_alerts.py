"""Alerts about unusual look-ups: raised by counting, closed by a person with a reason."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Collection
from datetime import date, datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import access, actors, audit
from register.actors import Actor
from register.datamap.vocabulary import Action, Category
from register.errors import Conflict, DomainError
from register.lookups.rules import Limit
from register.models import LookupAlert, LookupOccasion, LookupPerson, User

audit.register_actions(
    {
        "lookups.raised": _("raised an alert about look-ups"),
        "lookups.taken_up": _("began to look into an alert"),
        "lookups.asked": _("asked a colleague about look-ups"),
        "lookups.answered": _("answered a question about look-ups"),
        "lookups.closed": _("closed an alert about look-ups"),
    }
)
# People kept with one alert: more do not make it clearer.
MOST_PEOPLE = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Matter:
    """What belongs into one alert: the same rule, account and, for some rules, person."""

    rule: str
    account_id: uuid.UUID | None = None
    api_key_id: uuid.UUID | None = None
    person: uuid.UUID | None = None

    def alerts(self) -> QuerySet[LookupAlert]:
        """Return the alerts of this matter, newest first."""
        found = LookupAlert.objects.filter(
            rule=self.rule, account_id=self.account_id, api_key_id=self.api_key_id
        )
        if self.person is not None:
            found = found.filter(people__subject_id=self.person)
        return found.order_by("-last_at")


@dataclasses.dataclass(frozen=True, slots=True)
class Occasion:
    """What was counted on a day."""

    day: date
    counted: int
    limit: Limit
    first_entry: int
    last_entry: int
    last_at: datetime


@transaction.atomic
def raise_or_grow(
    matter: Matter, occasion: Occasion, *, people: Collection[uuid.UUID] = ()
) -> LookupAlert:
    """Let the open alert of a matter grow by what was counted, or raise one.

    Counting the same again changes nothing. For the job that watches, which is alone.
    """
    alert = (
        matter.alerts().select_for_update(of=("self",)).filter(closed_at=None).first()
    )
    if alert is None:
        alert = LookupAlert.objects.create(
            rule=matter.rule,
            account_id=matter.account_id,
            api_key_id=matter.api_key_id,
            last_at=occasion.last_at,
        )
        audit.record(
            "lookups.raised", actor=actors.system(), obj=alert, rule=matter.rule
        )
    elif occasion.last_at > alert.last_at:
        alert.last_at = occasion.last_at
        alert.save(update_fields=["last_at"])
    kept, is_new = LookupOccasion.objects.get_or_create(
        alert=alert,
        day=occasion.day,
        defaults={
            "counted": occasion.counted,
            "threshold": occasion.limit.threshold,
            "usual": occasion.limit.usual,
            "usual_of_role": occasion.limit.usual_of_role,
            "first_entry": occasion.first_entry,
            "last_entry": occasion.last_entry,
        },
    )
    if not is_new:
        kept.counted = max(kept.counted, occasion.counted)
        kept.first_entry = min(kept.first_entry, occasion.first_entry)
        kept.last_entry = max(kept.last_entry, occasion.last_entry)
        kept.save(update_fields=["counted", "first_entry", "last_entry"])
    LookupPerson.objects.bulk_create(
        [
            LookupPerson(alert=alert, subject_id=person)
            for person in sorted(people)[:MOST_PEOPLE]
        ],
        ignore_conflicts=True,
    )
    return alert


def visible_to(user: User) -> QuerySet[LookupAlert]:
    """Return the alerts a user may see: never those about the user's own look-ups."""
    if not access.may(user, Action.VIEW, Category.LOOKUPS):
        return LookupAlert.objects.none()
    return LookupAlert.objects.filter(~Q(account_id=user.pk) | Q(account_id=None))


def waiting() -> QuerySet[LookupAlert]:
    """Return the alerts that nobody has closed, whoever they are about."""
    return LookupAlert.objects.filter(closed_at=None)


def may_decide(user: User, alert: LookupAlert) -> bool:
    """Whether a user may look into an alert and close it.

    Of a data protection officer another decides, or whoever audits: four eyes also
    where there is only one officer.
    """
    if alert.account_id == user.pk or not access.may(
        user, Action.VIEW, Category.LOOKUPS
    ):
        return False
    if access.may(user, Action.CHANGE, Category.LOOKUPS):
        return True
    return alert.account is not None and access.may(
        alert.account, Action.CHANGE, Category.LOOKUPS
    )


@transaction.atomic
def take_up(alert: LookupAlert, *, actor: Actor) -> LookupAlert:
    """Look into an alert. Twice changes nothing. Raises Conflict if it is closed."""
    alert = _open_alert(alert, actor)
    if alert.state == LookupAlert.State.OPEN:
        _take(alert, actor)
        alert.save(update_fields=["state", "handled_by"])
        audit.record("lookups.taken_up", actor=actor, obj=alert)
    return alert


@transaction.atomic
def ask(alert: LookupAlert, question: str, *, actor: Actor) -> LookupAlert:
    """Ask the colleague for an explanation, which they give on a page of their own.

    Once: what was asked and answered is evidence, and no later question writes over it.
    """
    alert = _open_alert(alert, actor)
    if alert.account_id is None:
        raise DomainError("nobody_to_ask", _("There is no single account to ask."))
    if alert.asked_at is not None:
        raise Conflict("already_asked", _("The colleague has been asked already."))
    _take(alert, actor)
    alert.question, alert.asked_at = question.strip(), timezone.now()
    alert.full_clean()
    if not alert.question:
        raise DomainError("no_question", _("Write a question."), field="question")
    alert.save()
    audit.record("lookups.asked", actor=actor, obj=alert)
    return alert


def questions_to(user: User) -> QuerySet[LookupAlert]:
    """Return the alerts about whose look-ups a user has been asked, newest first."""
    return LookupAlert.objects.filter(
        account_id=user.pk, asked_at__isnull=False
    ).order_by("-asked_at")


@transaction.atomic
def answer(alert: LookupAlert, text: str, *, actor: Actor) -> LookupAlert:
    """Keep what the colleague who was asked says. Once, and while the alert is open."""
    alert = LookupAlert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    if actor.user is None or alert.account_id != actor.user.pk:
        raise PermissionDenied
    if alert.asked_at is None or alert.closed_at or alert.answered_at:
        raise Conflict("not_asked", _("This question has been answered or closed."))
    if not text.strip():
        raise DomainError("no_answer", _("Write an answer."), field="answer")
    alert.answer, alert.answered_at = text.strip(), timezone.now()
    alert.full_clean()
    alert.save(update_fields=["answer", "answered_at"])
    audit.record("lookups.answered", actor=actor, obj=alert)
    return alert


@transaction.atomic
def close(
    alert: LookupAlert, *, outcome: str, reason: str, actor: Actor
) -> LookupAlert:
    """Say what it was and why. What comes later is a new alert."""
    alert = _open_alert(alert, actor)
    _take(alert, actor)
    alert.state = LookupAlert.State.CLOSED
    alert.outcome, alert.reason = outcome, reason.strip()
    alert.closed_at = timezone.now()
    alert.full_clean()
    alert.save()
    audit.record("lookups.closed", actor=actor, obj=alert, reason=str(outcome))
    return alert


def _open_alert(alert: LookupAlert, actor: Actor) -> LookupAlert:
    locked = LookupAlert.objects.select_for_update(of=("self",)).get(pk=alert.pk)
    if actor.user is None or not may_decide(actor.user, locked):
        raise PermissionDenied
    if locked.closed_at is not None:
        raise Conflict("alert_closed", _("The alert is closed already."))
    return locked


def _take(alert: LookupAlert, actor: Actor) -> None:
    if alert.state == LookupAlert.State.OPEN:
        alert.state = LookupAlert.State.LOOKED_AT
    alert.handled_by = actor.user
