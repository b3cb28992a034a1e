from __future__ import annotations

import pytest
from django.urls import reverse

from register.datamap import Action, Category
from register.models import Elevation, ElevationRight, Role

pytestmark = pytest.mark.django_db
TAKE = "admin:register_elevation_take"


def test_a_right_is_taken_shown_on_every_page_and_given_back(
    seller, officer, client_of
):
    offer = ElevationRight.objects.create(
        role=Role.objects.get(code="sales"),
        category=Category.RECORDINGS,
        action=Action.VIEW,
    )
    browser = client_of(seller)
    form = {"right": offer.pk, "hours": "2", "reason": "A customer disputes a call"}

    refused = browser.post(reverse(TAKE), form | {"reason": "no"})
    taken = browser.post(reverse(TAKE), form)

    assert refused.status_code == 422
    assert taken.status_code == 302
    home = browser.get(reverse("admin:contacts_contact_changelist")).content.decode()
    assert "You hold a right for a while" in home
    listed = client_of(officer).get(reverse("admin:register_elevation_changelist"))
    assert "A customer disputes a call" in listed.content.decode()
    elevation = Elevation.objects.get()
    back = reverse("admin:register_elevation_give_back", args=[elevation.pk])
    assert client_of(officer).post(back).status_code == 404
    assert browser.post(back).status_code == 302
    home = browser.get(reverse("admin:contacts_contact_changelist")).content.decode()
    assert "You hold a right for a while" not in home
