"""What is refused. The gate before every message will stand on these questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet

from consent.hashing import hashes_of
from consent.models import Prohibition
from contacts.models import Contact, ContactPoint
from register.identifiers import InvalidIdentifier


def is_prohibited(
    address: str, *, channel: Prohibition.Channel, purpose: Prohibition.Purpose
) -> bool:
    """Whether whoever has this address refuses the channel for the purpose.

    Raises :class:`register.identifiers.InvalidIdentifier` for what is no address:
    nothing can be sent there, so nobody may take the answer for a no.
    """
    return Prohibition.objects.filter(
        address_hash__in=[found.digest for found in hashes_of(address)],
        channel=channel,
        purpose=purpose,
    ).exists()


def in_force_for(contact: Contact) -> QuerySet[Prohibition]:
    """Return the refusals of a person: given by them, or for any address they have.

    An objection is a person's, not an address's (GDPR Art. 21): what was refused with
    one address stands for an address that is added later.
    """
    digests: list[str] = []
    for value in contact.points.values_list("value", flat=True):
        try:
            digests += [found.digest for found in hashes_of(value)]
        except InvalidIdentifier:
            continue  # stored before it was checked; nothing can be sent there
    return Prohibition.objects.filter(
        Q(address_hash__in=digests) | Q(subject_id=contact.pk)
    ).order_by("channel", "purpose", "created_at")


def refusing(
    contact_ids: Collection[UUID],
    *,
    channel: Prohibition.Channel,
    purpose: Prohibition.Purpose,
) -> set[UUID]:
    """Return those of some people who refuse, as :func:`in_force_for`, in two queries."""
    holders: dict[str, set[UUID]] = defaultdict(set)
    points = ContactPoint.objects.filter(contact__in=contact_ids)
    for key, value in points.values_list("contact_id", "value"):
        try:
            for found in hashes_of(value):
                holders[found.digest].add(key)
        except InvalidIdentifier:
            continue
    asked = set(contact_ids)
    refused: set[UUID] = set()
    in_force = Prohibition.objects.filter(
        Q(address_hash__in=list(holders)) | Q(subject_id__in=asked),
        channel=channel,
        purpose=purpose,
    )
    for digest, subject in in_force.values_list("address_hash", "subject_id"):
        refused |= holders.get(digest, set())
        if subject in asked:
            refused.add(subject)
    return refused
