"""Who of the contacts is a colleague: for the watching of look-ups."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Q
from django.utils import timezone

from contacts.models import Affiliation, ContactPoint
from register.lookups.people import register_colleagues
from register.models import Controller, User


def colleagues(people: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID | None]:
    """Return which contacts are staff: by an address of theirs, or by the company.

    The company is the one whose business id the controller has itself; roles there that
    are over do not count. Asked from the side of staff, who are few: the people of one
    seal may be ten thousand.
    """
    accounts = {
        email.lower(): pk for email, pk in User.objects.values_list("email", "pk")
    }
    found: dict[uuid.UUID, uuid.UUID | None] = {}
    own = Controller.objects.exclude(business_id="").values("business_id")
    for person in Affiliation.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=timezone.localdate()),
        company__business_id__in=own,
    ).values_list("contact_id", flat=True):
        found[person] = None
    # Addresses stand in normal form, which has no capitals.
    for person, email in ContactPoint.objects.filter(
        kind="email", value__in=list(accounts)
    ).values_list("contact_id", "value"):
        found[person] = accounts[email]
    wanted = set(people)
    return {person: account for person, account in found.items() if person in wanted}


def register() -> None:
    """Let the watching ask."""
    register_colleagues(colleagues)
