"""Who looked at a company, and when looks at companies are looks at a person."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import (
    Affiliation,
    Company,
    CompanyMerge,
    Export,
    ExportCompany,
    Merge,
    Service,
)
from contacts.services import agreements
from register import actors, audit
from register.models import AuditEntry, RoleRight
from register.services import protections

pytestmark = pytest.mark.django_db


def of(company):
    return reverse("admin:contacts_company_looks", args=[company.pk])


def page_of(company):
    return reverse("admin:contacts_company_page", args=[company.pk])


@pytest.fixture
def trader(anna):
    """Anna's own business."""
    made = Company.objects.create(name="Tmi Virtanen", kind="sole_trader")
    Affiliation.objects.create(contact=anna, company=made)
    return made


def test_the_officer_sees_who_opened_a_company_with_role_and_purpose(
    company, seller, officer, client_of
):
    client_of(seller).get(page_of(company))

    assert of(company) in client_of(officer).get(page_of(company)).content.decode()
    response = client_of(officer).get(of(company))

    told = [(line["who"], line["roles"]) for line in response.context["lines"]]
    assert ("Seller Staff", "Sales") in told
    assert all(str(line["purpose"]) for line in response.context["lines"])
    asked = AuditEntry.objects.get(action="audit.record_asked")
    assert (asked.object_id, asked.actor_id) == (str(company.pk), str(officer.pk))


def test_agreements_exports_and_the_record_that_was_merged_into_it_are_among_them(
    company, anna, seller, officer, client_of
):
    actor = actors.of_user(seller)
    service = Service.objects.create(code="s", name="Own support")
    agreement = agreements.begin(
        service=service,
        company=company,
        reference="SOP-1",
        contact_persons=[anna],
        actor=actor,
    )
    audit.record("record.viewed", actor=actor, obj=agreement)
    gone = uuid.uuid4()
    CompanyMerge.objects.create(
        gone_id=gone,
        kept=company,
        kept_then=company.pk,
        state=Merge.State.DONE,
        merged_at=timezone.now(),
    )
    audit.record(
        "record.viewed", actor=actor, object_type="contacts.company", object_id=gone
    )
    export = Export.objects.create(
        state="ready",
        content="companies",
        purpose="sales",
        reason="For the fair",
        columns=["name"],
        ends_at=timezone.now() + timedelta(days=9),
    )
    ExportCompany.objects.create(export=export, company=company)
    audit.record("export.downloaded", actor=actor, obj=export)

    lines = client_of(officer).get(of(company)).context["lines"]

    seen = {(line["entry"].object_type, line["entry"].object_id) for line in lines}
    assert seen == {
        ("contacts.serviceagreement", str(agreement.pk)),
        ("contacts.company", str(gone)),
        ("contacts.export", str(export.pk)),
    }
    assert "For the fair" in {line["reason"] for line in lines}


@pytest.mark.parametrize("who", ["seller", "agent", "marketer", "auditor"])
def test_others_do_not_see_who_looked_at_a_company(who, company, request, client_of):
    client = client_of(request.getfixturevalue(who))

    assert client.get(of(company)).status_code == 403
    assert of(company) not in client.get(page_of(company)).content.decode()
    assert not AuditEntry.objects.filter(action="audit.record_asked").exists()


def test_a_company_of_others_has_no_page_of_looks(company, officer, client_of):
    RoleRight.objects.filter(role__code="dpo", category="company").update(scope="own")

    assert client_of(officer).get(of(company)).status_code == 404
    assert not AuditEntry.objects.filter(action="audit.record_asked").exists()


def test_the_company_of_a_protected_sole_trader_has_no_page_of_looks(
    trader, anna, officer, client_of
):
    protections.protect(
        anna.pk, ground="own_request", actor=actors.system("access_control")
    )

    assert client_of(officer).get(of(trader)).status_code == 404
    assert not AuditEntry.objects.filter(action="audit.record_asked").exists()


def test_who_opened_the_company_of_a_sole_trader_looked_at_the_person(
    trader, company, anna, seller, officer, client_of
):
    client_of(seller).get(page_of(trader))
    client_of(seller).get(page_of(company))

    of_anna = reverse("admin:contacts_contact_looks", args=[anna.pk])
    lines = client_of(officer).get(of_anna).context["lines"]

    assert [line["entry"].object_id for line in lines] == [str(trader.pk)]
    assert lines[0]["url"] == page_of(trader)


def test_files_of_many_and_companies_of_people_are_among_what_an_account_looked_at(
    trader, anna, seller, officer, client_of
):
    export = Export.objects.create(
        state="ready",
        purpose="sales",
        reason="For the fair",
        columns=["name"],
        ends_at=timezone.now() + timedelta(days=9),
    )
    audit.record("export.downloaded", actor=actors.of_user(seller), obj=export)
    client_of(seller).get(page_of(trader))

    by = reverse("admin:register_user_looks", args=[seller.pk])
    page = client_of(officer).get(by)

    told = [line["person"] for line in page.context["lines"]]
    assert told == ["Tmi Virtanen", f"Export {str(export.pk)[:8]}"]
    assert page_of(trader) in page.content.decode()
