"""No permission is higher after a merge, nor after undoing one.

What either record forbids, both forbid as one. What was forbidden while they were one
was said of both: when they part again it stands for each, for nobody can tell which of
them it was about.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date, datetime

from django.db.models import Exists, OuterRef
from django.utils import timezone

from contacts.models import Contact, ContactPoint, InferredInterest, Interest, Profile
from contacts.services import interests
from register.actors import Actor
from register.models import AddressProtection, Hold
from register.services import holds, protections

# Asked with the record that stayed, the one that came back, and since when they were one.
Parting = Callable[[uuid.UUID, uuid.UUID, datetime, Actor], None]

_PARTINGS: dict[str, Parting] = {}


def register_parting(name: str, parting: Parting) -> None:
    """Let an app above see to what was said while two people were one."""
    _PARTINGS[name] = parting


def heed_what_the_person_said(contact_id: uuid.UUID) -> None:
    """Take away conclusions which the words of the other record speak against."""
    concluded = InferredInterest.objects.filter(contact=contact_id)
    named = Interest.objects.filter(contact=contact_id, topic=OuterRef("topic"))
    concluded.filter(Exists(named)).delete()
    profile = Profile.objects.filter(contact=contact_id).first()
    if profile is None or profile.objected_at is None:
        return
    concluded.delete()
    if profile.role_level or profile.industry or profile.company_size:
        profile.role_level = profile.industry = profile.company_size = ""
        profile.save(update_fields=["role_level", "industry", "company_size"])


def forbid_both(
    kept: uuid.UUID, back: uuid.UUID, *, since: datetime, actor: Actor
) -> None:
    """Let what was forbidden since two people were one stand for each of them."""
    _hold_both(kept, back, since, actor)
    _protect_both(kept, back, since, actor)
    _mark_both(kept, back, since)
    both = Contact.objects.filter(pk__in=[kept, back])
    # The profile that was of the one may be of the other again.
    if both.filter(profile__objected_at__gte=since).exists():
        for each in both.order_by("pk"):
            interests.object_to_profiling(each, actor=actor)
    for parting in _PARTINGS.values():
        parting(kept, back, since, actor)


def _hold_both(kept: uuid.UUID, back: uuid.UUID, since: datetime, actor: Actor) -> None:
    for hold in holds.in_force(kept).filter(placed_at__gte=since):
        holds.place(
            reason=Hold.Reason(hold.reason),
            subject_id=back,
            reference=hold.reference,
            review_on=hold.review_on,
            actor=actor,
        )


def _protect_both(
    kept: uuid.UUID, back: uuid.UUID, since: datetime, actor: Actor
) -> None:
    in_force = AddressProtection.objects.filter(lifted_at=None)
    new = in_force.filter(subject_id=kept, set_at__gte=since).first()
    if new is None or not new.is_in_force:
        return
    old = in_force.filter(subject_id=back).first()
    if old is not None:
        if _last_day(old) >= _last_day(new):
            return
        old.lifted_at = timezone.now()
        old.save(update_fields=["lifted_at"])
    protections.protect(
        back,
        ground=new.ground,
        evidence=new.evidence,
        valid_until=new.valid_until,
        actor=actor,
    )


def _last_day(protection: AddressProtection) -> date:
    return protection.valid_until or date.max


def _mark_both(kept: uuid.UUID, back: uuid.UUID, since: datetime) -> None:
    """An address both have, from which mail came back since, is that for both."""
    dead = ContactPoint.objects.filter(
        contact__in=[kept, back], undeliverable_since__gte=since
    )
    for point in dead:
        ContactPoint.objects.filter(
            contact__in=[kept, back],
            kind=point.kind,
            value=point.value,
            undeliverable_since=None,
        ).update(undeliverable_since=point.undeliverable_since)
