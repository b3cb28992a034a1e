"""What a file says besides names and addresses: roles, interests, companies, colleagues."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    Duty,
    InferredInterest,
    Interest,
    PostalAddress,
    Topic,
)
from contacts.services import search_words
from contacts.services.imports import batches, cells, undo
from register import access, actors
from register.datamap.vocabulary import Category, Scope
from register.errors import DomainError
from register.models import RoleRight, Team
from tests.conftest import make_contact
from tests.contacts import import_files
from tests.contacts.import_files import as_csv, imported, upload

pytestmark = pytest.mark.django_db

MAIL = "maija@yritys.example"


def file_of(**cells_of_row: str) -> tuple[bytes, list[str]]:
    """A file of one person with these targets, and the targets."""
    row = {"email": MAIL, "last_name": "Meikäläinen", **cells_of_row}
    return as_csv(list(row), [list(row.values())]), list(row)


def brought(user, **cells_of_row):
    terms = cells_of_row.pop("terms", {})
    content, targets = file_of(**cells_of_row)
    return imported(content, user=user, targets=targets, **terms)


def maija(**kwargs):
    return make_contact(last_name="Meikäläinen", email=MAIL, source="import", **kwargs)


def known_company(**kwargs):
    company = Company.objects.create(name="Yritys Oy", **kwargs)
    search_words.refresh_of_companies([company.pk])
    return company


def taken_back(batch, user):
    undo.order(batch, actor=actors.of_user(user))
    return import_files.work_off(batch)


def test_everything_that_a_row_says_is_written(marketer, officer):
    topic = Topic.objects.first() or Topic.objects.create(code="tools", name="Tools")
    team = Team.objects.create(name="North")
    duties = list(Duty.objects.values_list("code", flat=True)[:2])

    batch, counts = brought(
        marketer,
        preferred_name="Maikki",
        company_name="Säätiö Oy",
        company_kind="säätiö",
        company_status="Asiakas",
        department="Talous",
        duties="; ".join(duties),
        interests=topic.name.upper(),
        street="Katu 1",
        country="Suomi",
        address_usage="Työ",
        address_from="1.2.2026",
        address_to="2027-01-31",
        responsible=officer.email.upper(),
        team="north",
    )

    assert counts["new"] == 1, batch.rows.get().errors
    contact = Contact.objects.get()
    assert contact.preferred_name == "Maikki"
    assert (contact.responsible, contact.team) == (officer, team)
    role = Affiliation.objects.select_related("company").get()
    assert (role.department, role.duties) == ("Talous", duties)
    assert (role.company.kind, role.company.status) == ("association", "customer")
    address = PostalAddress.objects.get()
    assert (address.usage, address.country) == ("work", "FI")
    assert (address.valid_from, address.valid_to) == (
        date(2026, 2, 1),
        date(2027, 1, 31),
    )
    interest = Interest.objects.get()
    assert (interest.topic, interest.source) == (topic, "import")
    assert interest.given_on == batch.collected_on
    taken_back(batch, marketer)
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("code", "cell", "error"),
    [
        ("duties", "astronaut", "duty_unknown"),
        ("interests", "space", "topic_unknown"),
        ("responsible", "nobody@seloste.test", "colleague_unknown"),
        ("team", "Nowhere", "team_unknown"),
        ("address_usage", "moon", "usage_unknown"),
        ("address_from", "31.2.2026", "day_unreadable"),
        ("company_kind", "moon", "company_kind_unknown"),
        ("company_status", "moon", "company_status_unknown"),
        ("country", "Moonland", "country_unknown"),
    ],
)
def test_a_row_with_an_unknown_word_stays_out_and_says_why(marketer, code, cell, error):
    content, targets = file_of(**{code: cell})
    batch = upload(content, user=marketer)

    import_files.try_out(batch, user=marketer, targets=targets)

    assert batch.rows.get().errors == [f"{error}:2"]


def test_an_address_that_ends_before_it_begins_keeps_the_row_out(marketer):
    batch, counts = brought(
        marketer, street="Katu 1", address_from="2.2.2026", address_to="1.2.2026"
    )

    assert counts["invalid"] == 1
    assert batch.rows.get().errors == ["address_ends_early"]
    assert not Contact.objects.exists()


def test_what_a_known_role_lacks_is_filled_in_and_taken_back(marketer):
    company = known_company(source="import")
    contact = maija(company=company)
    first, second = Duty.objects.values_list("code", flat=True)[:2]
    contact.affiliations.update(duties=[first], source="import")

    batch, _counts = brought(
        marketer,
        company_name="Yritys Oy",
        job_title="johtaja",
        department="Myynti",
        duties=f"{first}, {second}",
    )

    role = contact.affiliations.get()
    assert (role.job_title, role.department) == ("johtaja", "Myynti")
    assert role.duties == [first, second]
    assert taken_back(batch, marketer)["left"] == 0
    role.refresh_from_db()
    assert (role.job_title, role.department, role.duties) == ("", "", [first])


def test_into_a_role_that_has_ended_nothing_is_filled(marketer):
    company = known_company(source="import")
    contact = maija(company=company)
    contact.affiliations.update(valid_to=timezone.localdate() - timedelta(days=1))

    _batch, counts = brought(
        marketer, company_name="Yritys Oy", job_title="johtaja", duties="sales"
    )

    assert counts["unchanged"] == 1
    assert contact.affiliations.get().job_title == ""


def test_an_interest_that_was_concluded_gives_way_and_comes_back(marketer):
    topic = Topic.objects.first() or Topic.objects.create(code="tools", name="Tools")
    contact = maija()
    concluded = InferredInterest.objects.create(
        contact=contact, topic=topic, concluded_from="Brochures", source="staff"
    )
    as_it_was = InferredInterest.objects.values().get()

    batch, _counts = brought(marketer, interests=topic.code)

    assert not InferredInterest.objects.exists()
    assert taken_back(batch, marketer)["left"] == 0
    assert not Interest.objects.exists()
    assert InferredInterest.objects.values().get() == as_it_was
    assert as_it_was["id"] == concluded.pk


def test_who_is_responsible_is_replaced_only_if_the_column_may(marketer, officer):
    contact = maija(responsible=marketer)

    brought(marketer, responsible=officer.email)
    contact.refresh_from_db()
    assert contact.responsible == marketer
    batch, _counts = brought(
        marketer,
        responsible=officer.email,
        terms={"replaced": ["responsible"], "collected_on": timezone.localdate()},
    )

    contact.refresh_from_db()
    assert contact.responsible == officer
    taken_back(batch, marketer)
    contact.refresh_from_db()
    assert contact.responsible == marketer


def test_a_known_company_keeps_its_kind_and_status_and_the_row_says_so(marketer):
    company = known_company(kind="company", status="former", source="staff")

    batch, _counts = brought(
        marketer, company_name="Yritys Oy", company_kind="ry", company_status="kund"
    )

    company.refresh_from_db()
    assert (company.kind, company.status) == ("company", "former")
    assert batch.rows.get().errors == ["company_kept"]


@pytest.fixture
def limited(marketer):
    """Somebody who imports and reaches only people of his own."""
    RoleRight.objects.filter(
        role__assignments__user=marketer,
        category__in=[Category.IDENTITY, Category.COMPANY],
    ).update(scope=Scope.OWN)
    access.forget(marketer)
    return marketer


def test_whom_a_limited_seller_brings_in_stays_in_sight(limited, client_of):
    _batch, counts = brought(limited, company_name="Yritys Oy")

    assert counts["new"] == 1
    assert Contact.objects.get().responsible == limited
    assert Company.objects.get().responsible == limited
    seen = access.visible_to(limited, Contact.objects.all())
    assert seen.count() == 1
    page = client_of(limited).get(reverse("admin:contacts_contact_changelist"))
    assert "Meikäläinen" in page.content.decode()


def test_a_limited_seller_hands_nobody_over(limited, officer):
    content, targets = file_of(responsible=officer.email)
    batch = upload(content, user=limited)

    with pytest.raises(DomainError) as refused:
        import_files.try_out(batch, user=limited, targets=targets)

    assert refused.value.code == "column_not_allowed"
    batch.refresh_from_db()
    assert batch.state == "uploaded"


def test_without_the_right_no_interests_are_brought_in(marketer):
    RoleRight.objects.filter(category=Category.CLASSIFICATION).delete()
    access.forget(marketer)
    content, targets = file_of(interests="events")
    batch = upload(content, user=marketer)

    with pytest.raises(DomainError) as refused:
        batches.try_out(batch, targets=targets, actor=actors.of_user(marketer))

    assert refused.value.code == "column_not_allowed"


def test_the_difference_names_colleagues_and_duties(marketer, officer, client_of):
    contact = maija(company=known_company(source="import"))
    duty = Duty.objects.first()
    content, targets = file_of(
        responsible=officer.email, company_name="Yritys Oy", duties=duty.code
    )
    batch = upload(content, user=marketer)
    import_files.try_out(batch, user=marketer, targets=targets)

    address = reverse("admin:contacts_importbatch_rows", args=[batch.pk])
    page = client_of(marketer).get(f"{address}?kind=updated").content.decode()

    assert officer.get_full_name() in page
    assert duty.name in page
    assert str(officer.pk) not in page
    assert contact.pk


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("31.12.2026", date(2026, 12, 31)),
        ("2026-12-31 00:00:00", date(2026, 12, 31)),
        ("1/2/2026", date(2026, 2, 1)),
    ],
)
def test_days_are_read_as_they_are_written_here(cell, day):
    assert cells.read_day(cell) == day
