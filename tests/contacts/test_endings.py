"""What follows when the last day of an address or a role is over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from contacts.models import Affiliation, ContactPoint, PostalAddress
from contacts.services import endings

TODAY = timezone.localdate


def test_the_first_place_goes_on_to_an_address_that_may_be_used(anna):
    old = anna.points.get(kind="email")
    gone = ContactPoint.objects.create(
        contact=anna,
        kind="email",
        value="gone@esimerkki.example",
        undeliverable_since=timezone.now(),
        source="staff",
    )
    new = ContactPoint.objects.create(
        contact=anna, kind="email", value="new@esimerkki.example", source="staff"
    )
    ContactPoint.objects.filter(pk=old.pk).update(valid_to=TODAY())
    assert endings.follow() == 0

    assert endings.follow(on=TODAY() + timedelta(days=1)) == 1

    primary = {p.pk: p.is_primary for p in anna.points.filter(kind="email")}
    assert primary == {old.pk: False, gone.pk: False, new.pk: True}
    assert anna.points.get(kind="phone").is_primary


def test_a_postal_address_and_a_main_contact_of_the_past_lose_their_place(anna):
    yesterday = TODAY() - timedelta(days=1)
    PostalAddress.objects.create(
        contact=anna, town="Turku", is_primary=True, valid_to=yesterday, source="staff"
    )
    new = PostalAddress.objects.create(contact=anna, town="Oulu", source="staff")
    anna.affiliations.update(is_main=True, valid_to=yesterday)

    assert endings.follow() == 2

    assert [a.pk for a in anna.addresses.filter(is_primary=True)] == [new.pk]
    assert not Affiliation.objects.filter(is_main=True).exists()


def test_a_company_has_one_main_contact_at_a_time(anna, bruno):
    anna.affiliations.update(is_main=True)

    with pytest.raises(IntegrityError), transaction.atomic():
        bruno.affiliations.update(is_main=True)
