"""Who of the contacts is a colleague: for the watching of look-ups."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from contacts.models import Affiliation, ContactPoint
from register.lookups.people import register_colleagues
from register.models import Controller, User


def colleagues(people: Collection[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID | None]:
    """Return which contacts are staff: by an address of theirs, or by the company.

    The company is the one whose business id the controller has itself; roles there that
    are over do not count.
    """
    accounts = dict(User.objects.values_list("email", "pk"))
    found: dict[uuid.UUID, uuid.UUID | None] = {}
    own = Controller.objects.exclude(business_id="").values("business_id")
    for person in Affiliation.objects.filter(
        Q(valid_to=None) | Q(valid_to__gte=timezone.localdate()),
        contact_id__in=people,
        company__business_id__in=own,
    ).values_list("contact_id", flat=True):
        found[person] = None
    for person, email in (
        ContactPoint.objects.filter(contact_id__in=people, kind="email")
        .annotate(address=Lower("value"))
        .filter(address__in=list(accounts))
        .values_list("contact_id", "address")
    ):
        found[person] = accounts[email]
    return found


def register() -> None:
    """Let the watching ask."""
    register_colleagues(colleagues)
