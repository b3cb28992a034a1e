"""Why somebody is kept (N7.4), and who is due for review."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from contacts.models import Company, Contact, Service, ServiceAgreement
from contacts.reasons import kept_because, without_reason
from contacts.services import agreements
from register import actors
from register.errors import DomainError
from tests.conftest import make_contact

TODAY = timezone.localdate
LONG_AGO = timedelta(days=1_000)


@pytest.fixture
def service(db):
    return Service.objects.get_or_create(code="support", defaults={"name": "Support"})[
        0
    ]


@pytest.fixture
def actor(seller):
    return actors.of_user(seller)


@pytest.fixture
def old(anna):
    """Anna, known for long, whose only role ended long ago."""
    then = timezone.now() - LONG_AGO
    Contact.objects.filter(pk=anna.pk).update(created_at=then, collected_at=then)
    anna.affiliations.update(valid_to=TODAY() - timedelta(days=900))
    anna.refresh_from_db()
    return anna


def codes(contact):
    return [reason.code for reason in kept_because(contact)]


def test_whoever_has_no_reason_left_is_due_for_review(old, bruno):
    assert codes(old) == []
    assert set(without_reason()) == {old}
    assert codes(bruno) == ["role", "recent"]


def test_a_present_role_keeps_until_it_ends(old):
    old.affiliations.update(valid_to=None)

    assert codes(old) == ["role"]
    assert not without_reason().exists()


def test_the_history_of_a_service_keeps_for_its_period(old, company, service, actor):
    agreement = agreements.begin(
        service=service,
        company=company,
        starts_on=TODAY() - timedelta(days=500),
        ends_on=TODAY() - timedelta(days=10),
        actor=actor,
    )

    [reason] = kept_because(old)

    agreement.refresh_from_db()
    assert (reason.code, reason.obj) == ("history", agreement)
    assert reason.until == timezone.localdate(agreement.ends_at)
    assert agreement.ends_at.year == agreement.ends_on.year + 2
    assert not without_reason().exists()


def test_an_agreement_in_force_has_no_end(old, company, service, actor):
    agreements.begin(
        service=service, company=company, contact_persons=[old], actor=actor
    )

    [reason] = kept_because(old)

    assert (reason.code, reason.until) == ("service", None)


def test_a_consumer_is_kept_by_the_own_agreement(old, service, actor):
    agreements.begin(service=service, person=old, actor=actor)

    assert codes(old) == ["service"]
    assert not without_reason().exists()


def test_a_present_role_at_a_former_customer_keeps_nobody(old, company):
    old.affiliations.update(valid_to=None)
    Company.objects.filter(pk=company.pk).update(status=Company.Status.FORMER)

    assert codes(old) == []


def test_the_status_of_a_company_follows_its_agreements(company, service, actor):
    began = TODAY() - timedelta(days=30)
    agreement = agreements.begin(
        service=service, company=company, starts_on=began, actor=actor
    )
    company.refresh_from_db()
    assert (company.status, company.status_since) == ("customer", began)

    agreements.change(agreement, ends_on=TODAY(), contact_persons=[], actor=actor)
    company.refresh_from_db()
    assert company.status == "customer"

    assert agreements.follow_ended(on=TODAY() + timedelta(days=1)) == 1
    company.refresh_from_db()
    assert (company.status, company.status_since) == (
        "former",
        TODAY() + timedelta(days=1),
    )


@pytest.mark.parametrize("both", [True, False])
def test_an_agreement_has_one_customer(both, anna, company, service, actor):
    given = {"company": company, "person": anna} if both else {}

    with pytest.raises(DomainError):
        agreements.begin(service=service, actor=actor, **given)

    assert not ServiceAgreement.objects.exists()


def test_an_agreement_does_not_end_before_it_begins(company, service, actor):
    with pytest.raises(DomainError, match="before it begins"):
        agreements.begin(
            service=service,
            company=company,
            starts_on=date(2026, 5, 2),
            ends_on=date(2026, 5, 1),
            actor=actor,
        )

    company.refresh_from_db()
    assert company.status == "prospect"


def test_a_person_without_any_role_is_kept_for_24_months(db):
    tiina = make_contact(first_name="Tiina")

    assert codes(tiina) == ["recent"]
