"""The checks of N2, N3.4 and N7.4 break for records that break the promise."""

from __future__ import annotations

from datetime import date

import pytest
from dateutil.relativedelta import relativedelta
from django.db import connection
from django.utils import timezone

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    InferredInterest,
    Interest,
    PostalAddress,
    Profile,
    Topic,
)
from contacts.models.people import Source
from tests.asking_checks import facts, records, status
from tests.conftest import make_contact

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "model", [Contact, ContactPoint, PostalAddress, Company, Affiliation]
)
def test_a_record_without_a_source_breaks_the_clause(model, anna):
    PostalAddress.objects.create(contact=anna, town="Espoo", source="person")
    assert status("sources_known") == "kept"

    model.objects.update(source="")

    assert status("sources_known") == "broken"
    assert set(facts("sources_known")["without_source"]) == {model._meta.label}
    concerned = records("sources_known")
    if model is Company:
        assert [label for label, _ in concerned] == ["contacts.Company"]
    else:
        assert concerned == [("contacts.Contact", str(anna.pk))]
    model.objects.update(source="person")
    assert status("sources_known") == "kept"


@pytest.mark.parametrize("model", [Contact, ContactPoint, PostalAddress, Affiliation])
def test_records_without_a_source_are_found_by_an_index(model):
    """A million rows are not read to find none."""
    without = model.objects.exclude(source__in=Source.values).order_by()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    plan = without.values("pk")[:10].explain()

    assert f"{model._meta.model_name}_without_source" in plan
    assert "Filter" not in plan


def test_a_person_of_no_known_kind_breaks_the_clause(anna, bruno):
    assert status("people_of_known_kinds") == "kept"

    Contact.objects.filter(pk=bruno.pk).update(relationship="suspect")

    assert records("people_of_known_kinds") == [("contacts.Contact", str(bruno.pk))]
    assert status("people_of_known_kinds") == "broken"


def test_a_customer_of_no_known_kind_breaks_the_clause(company):
    assert status("customers_of_known_kinds") == "kept"

    Company.objects.update(kind="state")

    assert records("customers_of_known_kinds") == [
        ("contacts.Company", str(company.pk))
    ]
    assert status("customers_of_known_kinds") == "broken"


def test_a_person_whose_last_role_ended_long_ago_breaks_the_clause(anna, bruno):
    today = timezone.localdate()
    limit = today - relativedelta(months=24)
    make_contact(first_name="Carla")  # never had a role
    Affiliation.objects.update(valid_to=limit)
    assert status("contact_persons_current") == "kept"

    Affiliation.objects.update(valid_to=limit - relativedelta(days=1))
    assert facts("contact_persons_current")["long_ended"] == 2

    Affiliation.objects.create(
        contact=bruno,
        company=Company.objects.create(name="Toinen Oy", source="staff"),
        valid_from=date(2010, 1, 1),
        source="staff",
    )
    assert records("contact_persons_current") == [("contacts.Contact", str(anna.pk))]
    assert status("contact_persons_current") == "broken"


def test_a_conclusion_about_somebody_who_objected_breaks_the_clause(anna):
    topic = Topic.objects.create(code="fairs", name="Fairs abroad")
    InferredInterest.objects.create(
        contact=anna, topic=topic, concluded_from="orders", source="staff"
    )
    profile = Profile.objects.create(contact=anna, source="staff")
    assert status("conclusions_heed_objections") == "kept"

    Profile.objects.filter(pk=profile.pk).update(objected_at=timezone.now())

    assert status("conclusions_heed_objections") == "broken"
    assert records("conclusions_heed_objections") == [
        ("contacts.Contact", str(anna.pk))
    ]
    InferredInterest.objects.all().delete()
    assert status("conclusions_heed_objections") == "kept"


def test_an_interest_that_is_named_and_concluded_breaks_the_clause(anna):
    topic = Topic.objects.create(code="fairs", name="Fairs abroad")
    Interest.objects.create(contact=anna, topic=topic, source="person")
    assert status("classification_is_the_persons") == "kept"

    InferredInterest.objects.create(
        contact=anna, topic=topic, concluded_from="orders", source="staff"
    )

    assert status("classification_is_the_persons") == "broken"
    Interest.objects.all().delete()
    assert status("classification_is_the_persons") == "kept"
