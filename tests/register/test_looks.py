"""Who looked at a person, and at whom a colleague looked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from contacts.models import Contact, ContactPoint
from register import actors, audit
from register.audit import looks
from register.history.versions import history_of
from register.models import ApiKey, AuditEntry, Role, RoleRight
from register.services import api_keys, staff

pytestmark = pytest.mark.django_db


def text_of(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def of(contact):
    return reverse("admin:contacts_contact_looks", args=[contact.pk])


def by(user):
    return reverse("admin:register_user_looks", args=[user.pk])


@pytest.fixture
def looked(anna, seller, client_of):
    """The seller opened Anna's page."""
    client_of(seller).get(reverse("admin:contacts_contact_page", args=[anna.pk]))
    return anna


def test_the_officer_sees_who_looked_with_role_and_purpose(looked, officer, client_of):
    response = client_of(officer).get(of(looked))

    (line,) = response.context["lines"]
    assert (line["who"], line["roles"]) == ("Seller Staff", "Sales")
    assert str(line["purpose"]) in text_of(response)
    assert "opened on a screen" in text_of(response)
    assert "fingerprint" in text_of(response)


@pytest.mark.parametrize("who", ["seller", "agent", "marketer"])
def test_others_do_not_see_who_looked(looked, who, request, client_of):
    client = client_of(request.getfixturevalue(who))

    assert client.get(of(looked)).status_code == 403
    assert client.get(by(request.getfixturevalue("seller"))).status_code == 403


def test_who_does_not_see_people_sees_no_names_of_those_looked_at(
    looked, seller, auditor, client_of
):
    page = client_of(auditor).get(by(seller))

    assert len(page.context["lines"]) == 1
    assert "Virtanen" not in text_of(page)
    assert client_of(auditor).get(of(looked)).status_code == 403


def test_whom_a_colleague_looked_at_is_told_and_asking_is_recorded(
    looked, seller, officer, client_of
):
    page = client_of(officer).get(by(seller))

    assert "Anna Virtanen" in text_of(page)
    entry = AuditEntry.objects.get(action="audit.account_asked")
    assert (entry.object_id, entry.actor_id) == (str(seller.pk), str(officer.pk))


def test_kind_and_period_narrow_and_wrong_ones_are_said(looked, officer, client_of):
    client = client_of(officer)
    tomorrow = timezone.localdate() + timedelta(days=1)

    assert not client.get(of(looked), {"kind": "played"}).context["lines"]
    assert not client.get(of(looked), {"first": f"{tomorrow}"}).context["lines"]
    assert len(client.get(of(looked), {"last": f"{tomorrow}"}).context["lines"]) == 1
    for wrong in (
        {"kind": "\0"},
        {"first": "x"},
        {"before": "x"},
        {"before": "9" * 30},
    ):
        assert client.get(of(looked), wrong).status_code == 200


def test_pages_go_on_and_earlier_keys_are_among_them(anna, bruno, seller):
    actor = actors.of_user(seller)
    for _each in range(looks.PER_PAGE - 1):
        audit.record("record.viewed", actor=actor, obj=anna)
        audit.record("record.viewed", actor=actor, obj=bruno)

    page = looks.at_people({anna.pk, bruno.pk})
    rest = looks.at_people({anna.pk, bruno.pk}, before=page.older_before)

    numbers = [entry.pk for entry in [*page.entries, *rest.entries]]
    assert len(set(numbers)) == 2 * (looks.PER_PAGE - 1)
    assert numbers == sorted(numbers, reverse=True)
    assert rest.older_before is None


def test_a_person_of_others_has_no_page_of_looks(anna, officer, client_of):
    RoleRight.objects.filter(role__code="dpo", category="identity").update(scope="own")

    assert client_of(officer).get(of(anna)).status_code == 404


def test_an_interface_is_named_by_its_key(anna, officer, client_of):
    _key, secret = api_keys.create(
        name="Web shop",
        scopes=[ApiKey.Scope.CONTACTS_READ],
        actor=actors.system("access_control"),
    )
    Client().get(
        f"/api/v1/contacts/{anna.pk}", headers={"Authorization": f"Bearer {secret}"}
    )

    assert "Web shop" in text_of(client_of(officer).get(of(anna)))


def test_what_an_interface_changes_names_its_key(anna):
    key, secret = api_keys.create(
        name="Web shop",
        scopes=[ApiKey.Scope.CONTACTS_WRITE],
        actor=actors.system("access_control"),
    )
    anna.points.filter(kind="email").update(is_primary=False)
    response = Client().post(
        "/api/v1/contacts",
        {"phones": ["+358401234567"], "emails": ["neu@a.example"], "source_detail": ""},
        "application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "a" * 20},
    )

    assert response.status_code in (200, 201)
    assert Contact.objects.filter(points__value="neu@a.example").count() == 1
    versions = history_of(ContactPoint).versions.objects
    assert not versions.filter(actor_kind="api_key").exclude(actor_id=str(key.pk))


def test_a_key_whose_role_is_not_given_yet_is_refused_and_adds_nobody(officer):
    _key, secret = api_keys.create(
        name="Web shop",
        scopes=[ApiKey.Scope.CONTACTS_WRITE],
        actor=actors.of_user(officer),
    )
    before = Contact.objects.count()

    response = Client().post(
        "/api/v1/contacts",
        {"emails": ["neu@a.example"], "source_detail": ""},
        "application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "a" * 20},
    )

    assert response.status_code == 403
    assert response.json()["error"]["code"] == "not_allowed"
    assert Contact.objects.count() == before


def test_the_account_page_tells_which_roles_were_given_and_taken(
    stranger, officer, administrator, client_of
):
    actor = actors.of_user(administrator)
    staff.set_roles(stranger, [Role.objects.get(code="sales")], actor=actor)
    staff.set_roles(stranger, [], actor=actor)

    address = reverse("admin:register_user_access", args=[stranger.pk])
    page = text_of(client_of(administrator).get(address))

    assert "Administrator Staff gave the role Sales" in page
    assert "Administrator Staff took the role Sales" in page
