"""The page of a company."""

from __future__ import annotations

import pytest
from django.urls import reverse

from contacts.models import Service
from contacts.services import agreements
from register import actors
from register.models import AuditEntry, RoleRight


def page_of(company):
    return reverse("admin:contacts_company_page", args=[company.pk])


def test_it_shows_who_is_there_with_duties_and_what_is_used(
    company, anna, agent, client_of
):
    anna.affiliations.update(duties=["invoicing"], is_main=True, department="Talous")
    service = Service.objects.get_or_create(
        code="support", defaults={"name": "Support"}
    )
    agreements.begin(
        service=service[0],
        company=company,
        reference="SOP-1",
        contact_persons=[anna],
        actor=actors.of_user(agent),
    )

    text = client_of(agent).get(page_of(company)).content.decode()

    for shown in ("Esimerkki Oy", "Anna Virtanen", "main contact", "Talous", "SOP-1"):
        assert shown in text
    assert AuditEntry.objects.filter(
        action="record.viewed", object_id=str(company.pk)
    ).exists()


@pytest.mark.parametrize("who", ["auditor", "administrator", "stranger"])
def test_who_may_not_see_companies_sees_no_page(who, company, client_of, request):
    response = client_of(request.getfixturevalue(who)).get(page_of(company))

    assert response.status_code == 403
    assert "Esimerkki" not in response.content.decode()


@pytest.mark.parametrize("pk", ["x", "00000000-0000-4000-8000-000000000000"])
def test_a_company_that_is_not_there_is_not_found(pk, agent, client_of):
    url = reverse("admin:contacts_company_page", args=[pk])

    assert client_of(agent).get(url).status_code == 404


def test_only_who_may_add_agreements_is_led_to_it(company, officer, agent, client_of):
    RoleRight.objects.filter(
        role__code="dpo", category="company", action="add"
    ).delete()
    add = reverse("admin:contacts_serviceagreement_add")

    assert add in client_of(agent).get(page_of(company)).content.decode()
    shown = client_of(officer).get(page_of(company)).content.decode()
    assert reverse("admin:contacts_company_change", args=[company.pk]) in shown
    assert add not in shown
