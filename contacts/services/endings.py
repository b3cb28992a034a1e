"""What follows when the last day of an address or a role is over.

No write tells of it: the day comes. Each look-up is answered by a narrow index.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from contacts.models import Affiliation, ContactPoint, PostalAddress

BATCH = 1_000


def follow(*, on: date | None = None) -> int:
    """Take the first place from addresses and main contacts of the past; count them.

    The place goes to the oldest address of the kind that may be used; a company without
    a main contact waits for staff to name one.
    """
    on = on or timezone.localdate()
    return _points(on) + _addresses(on) + _main_contacts(on)


@transaction.atomic
def _points(on: date) -> int:
    past = list(
        ContactPoint.objects.select_for_update(skip_locked=True)
        .filter(is_primary=True, valid_to__lt=on)
        .order_by("pk")[:BATCH]
    )
    for point in past:
        ContactPoint.objects.filter(pk=point.pk).update(is_primary=False)
        others = ContactPoint.objects.filter(
            contact=point.contact_id, kind=point.kind, undeliverable_since=None
        )
        if heir := others.filter(_usable(on)).order_by("pk").first():
            ContactPoint.objects.filter(pk=heir.pk).update(is_primary=True)
    return len(past)


@transaction.atomic
def _addresses(on: date) -> int:
    past = list(
        PostalAddress.objects.select_for_update(skip_locked=True)
        .filter(is_primary=True, valid_to__lt=on)
        .order_by("pk")[:BATCH]
    )
    for address in past:
        PostalAddress.objects.filter(pk=address.pk).update(is_primary=False)
        others = PostalAddress.objects.filter(
            contact=address.contact_id, undeliverable_since=None
        )
        if heir := others.filter(_usable(on)).order_by("pk").first():
            PostalAddress.objects.filter(pk=heir.pk).update(is_primary=True)
    return len(past)


def _main_contacts(on: date) -> int:
    return Affiliation.objects.filter(is_main=True, valid_to__lt=on).update(
        is_main=False
    )


def _usable(on: date) -> Q:
    return (Q(valid_from=None) | Q(valid_from__lte=on)) & (
        Q(valid_to=None) | Q(valid_to__gte=on)
    )
