"""What is refused. The gate before every message will stand on these questions."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from consent.hashing import hashes_of
from consent.models import Prohibition
from contacts.models import Contact
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
