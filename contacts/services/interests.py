"""Interests people name, and what is concluded about them."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, InferredInterest, Interest, Profile, Topic
from contacts.models.people import Source
from register import audit
from register.actors import Actor
from register.errors import DomainError
from register.history.acting import acting

audit.register_actions(
    {
        "interest.given": _("recorded an interest the person named"),
        "interest.concluded": _("concluded an interest"),
        "interest.removed": _("removed an interest"),
        "profile.changed": _("changed the profile"),
        "profile.objected": _("recorded an objection to profiling"),
    }
)


@transaction.atomic
def give(
    contact: Contact,
    topic: Topic,
    *,
    source: Source | str = Source.PERSON,
    given_on: date | None = None,
    actor: Actor,
) -> Interest:
    """Record an interest the person named. What was only concluded gives way to it."""
    _lock(contact)
    interest, is_new = Interest.objects.get_or_create(
        contact=contact,
        topic=topic,
        defaults={"source": source, "given_on": given_on or timezone.localdate()},
    )
    if is_new:
        InferredInterest.objects.filter(contact=contact, topic=topic).delete()
        audit.record("interest.given", actor=actor, obj=contact)
    return interest


@transaction.atomic
def conclude(
    contact: Contact,
    topic: Topic,
    *,
    concluded_from: str,
    source: Source | str = Source.STAFF,
    actor: Actor,
) -> InferredInterest:
    """Record an interest the controller concluded, and from what.

    Raises DomainError where the person objected to profiling, where nothing is said of
    what it was concluded from, and where the person named the interest anyway.
    """
    _lock(contact)
    refuse_objected(contact)
    if not concluded_from.strip():
        raise DomainError(
            "interest_from_what", _("Say what the interest was concluded from.")
        )
    if Interest.objects.filter(contact=contact, topic=topic).exists():
        raise DomainError(
            "interest_given", _("The person named this interest; it is not concluded.")
        )
    interest, is_new = InferredInterest.objects.get_or_create(
        contact=contact,
        topic=topic,
        defaults={"source": source, "concluded_from": concluded_from.strip()[:200]},
    )
    if is_new:
        audit.record("interest.concluded", actor=actor, obj=contact)
    return interest


@transaction.atomic
def remove(contact: Contact, topic: Topic, *, actor: Actor) -> bool:
    """Remove an interest the person named; return whether there was one."""
    _lock(contact)
    with acting(actor):
        gone, _of = Interest.objects.filter(contact=contact, topic=topic).delete()
    if gone:
        audit.record("interest.removed", actor=actor, obj=contact)
    return bool(gone)


@transaction.atomic
def take_back_conclusion(contact: Contact, key: int | str, *, actor: Actor) -> bool:
    """Remove one conclusion; return whether it still was there."""
    _lock(contact)
    with acting(actor):
        gone, _of = InferredInterest.objects.filter(contact=contact, pk=key).delete()
    if gone:
        audit.record("interest.removed", actor=actor, obj=contact)
    return bool(gone)


@transaction.atomic
def object_to_profiling(contact: Contact, *, actor: Actor) -> Profile:
    """Stop concluding anything about a person and delete what was (GDPR Art. 21).

    Interests the person named stay: they are no conclusion.
    """
    _lock(contact)
    InferredInterest.objects.filter(contact=contact).delete()
    profile, _is_new = Profile.objects.update_or_create(
        contact=contact,
        defaults={
            "role_level": "",
            "industry": "",
            "company_size": "",
            "source": Source.PERSON,
        },
    )
    if profile.objected_at is None:
        profile.objected_at = timezone.now()
        profile.save(update_fields=["objected_at"])
        audit.record("profile.objected", actor=actor, obj=contact)
    return profile


def has_objected(contact: Contact) -> bool:
    """Whether the person objected to profiling."""
    return Profile.objects.filter(contact=contact, objected_at__isnull=False).exists()


def refuse_objected(contact: Contact) -> None:
    """Raise DomainError where the person objected to profiling."""
    if has_objected(contact):
        raise DomainError(
            "profiling_objected",
            _("The person objected to profiling: nothing is concluded about them."),
        )


def _lock(contact: Contact) -> None:
    Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
