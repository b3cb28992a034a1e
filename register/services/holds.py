"""Placing and releasing holds."""

from __future__ import annotations

import re
import uuid
from datetime import date

from django.db import connection, models, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import audit
from register.actors import Actor
from register.datamap.graph import graph
from register.datamap.vocabulary import Identifier
from register.errors import DomainError
from register.models import Hold


@transaction.atomic
def place(
    *,
    reason: Hold.Reason,
    actor: Actor,
    subject_id: uuid.UUID | None = None,
    obj: models.Model | None = None,
    reference: str = "",
    review_on: date | None = None,
) -> Hold:
    """Keep all records of a person, or one record, from being deleted.

    Deleting rechecks holds in its own transaction, so a hold that commits before the
    deletion is always honoured. Refuses a record that is gone: a deletion that was
    under way came first, and a hold on nothing would promise what it cannot keep.
    Refuses a reference that names the person.
    """
    if subject_id is not None and _names(subject_id) & _words(reference):
        raise DomainError(
            "reference_names_person",
            _("Write the number of the case, not the name of the person."),
            field="reference",
        )
    hold = Hold(
        reason=reason,
        subject_id=subject_id,
        object_type=obj._meta.label_lower if obj else "",
        object_id=str(obj.pk) if obj else "",
        reference=reference,
        review_on=review_on,
        placed_by=actor.user,
    )
    hold.full_clean()
    hold.save()
    if obj is not None and not type(obj)._default_manager.filter(pk=obj.pk).exists():
        raise DomainError(
            "nothing_to_hold",
            _("This record has been deleted already, so it cannot be held."),
        )
    audit.record(
        "hold.placed", actor=actor, obj=hold, subject_id=subject_id, reason=str(reason)
    )
    return hold


def keep_new_waiting() -> None:
    """Let nobody write a hold until the transaction ends, which deletes what none holds.

    Called first: a hold that commits before is seen, and one that comes later waits and
    then finds what is gone to be gone. It binds whatever code writes holds.
    """
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE register_hold IN SHARE MODE")


def _names(subject_id: uuid.UUID) -> set[str]:
    """Return the words of a person's names, by the fields the data map takes for names."""
    person = graph().root("contact")
    fields = [
        name
        for name, declared in person.map.personal_fields()
        if Identifier.NAME in declared.identifies
    ]
    rows = person.model._default_manager.filter(pk=subject_id).values_list(*fields)
    return {word for row in rows for text in row for word in _words(text)}


def _words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 2}


@transaction.atomic
def release(hold: Hold, *, actor: Actor) -> Hold:
    """End a hold. What is due by then goes with the next sweep. Twice changes nothing."""
    hold = Hold.objects.select_for_update().get(pk=hold.pk)
    if hold.released_at is None:
        hold.released_at = timezone.now()
        hold.save(update_fields=["released_at"])
        audit.record("hold.released", actor=actor, obj=hold, subject_id=hold.subject_id)
    return hold


def in_force(subject_id: uuid.UUID) -> QuerySet[Hold]:
    """Return the holds on a person that are in force."""
    return Hold.objects.filter(subject_id=subject_id, released_at=None)
