from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.urls import reverse

from register import access, actors
from register.datamap import Action, Category
from register.models import Elevation, ElevationRight, Role, RoleAssignment, User
from register.services import rights

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


@pytest.mark.parametrize("lost", ["role", "offer", "reach", "account"])
def test_a_right_taken_for_a_while_ends_with_what_let_it_be_taken(
    seller, officer, client_of, lost
):
    sales = Role.objects.get(code="sales")
    offer = ElevationRight.objects.create(
        role=sales, category=Category.AUDIT, action=Action.VIEW
    )
    browser, other = client_of(seller), client_of(seller)
    trail = reverse("admin:register_auditentry_changelist")
    assert browser.get(trail).status_code == 403
    reason = "An authority asks who looked"
    form = {"right": offer.pk, "hours": "2", "reason": reason}
    browser.post(reverse(TAKE), form)
    # In every session of the account.
    assert [each.get(trail).status_code for each in (browser, other)] == [200, 200]

    if lost == "role":
        service = Role.objects.get(code="service")
        RoleAssignment.objects.filter(user=seller).update(role=service)
    elif lost == "offer":
        offer.delete()
    elif lost == "reach":
        ElevationRight.objects.update(scope="own")
    else:
        User.objects.filter(pk=seller.pk).update(is_active=False)

    refused = {each.get(trail).status_code for each in (browser, other)}
    assert refused == ({302} if lost == "account" else {403})
    if lost != "account":
        listed = client_of(officer).get(reverse("admin:register_elevation_changelist"))
        assert reason in listed.content.decode()
        assert "in force" not in listed.content.decode()


def test_a_right_taken_for_a_while_is_over_at_its_very_instant(seller, client_of, at):
    offer = ElevationRight.objects.create(
        role=Role.objects.get(code="sales"),
        category=Category.AUDIT,
        action=Action.VIEW,
    )
    taken = rights.take(offer, reason="An authority asks", actor=actors.of_user(seller))

    def sees(moment: datetime) -> bool:
        with at(moment):
            return access.may(
                User.objects.get(pk=seller.pk), Action.VIEW, Category.AUDIT
            )

    assert sees(taken.until - timedelta(microseconds=1))
    assert not sees(taken.until)
    assert not sees(taken.started_at - timedelta(microseconds=1))
