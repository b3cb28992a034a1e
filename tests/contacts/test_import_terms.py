"""On what terms a file is brought in: whom it may touch, and what it may replace."""

from __future__ import annotations

import uuid
from datetime import date

import pytest

from consent.models import Prohibition
from contacts import information_duty
from contacts.models import Contact, ContactPoint, ExternalId, ImportChange
from contacts.services import people
from contacts.services.imports import batches
from register import actors
from register.errors import DomainError
from register.models import AuditEntry
from tests.contacts import import_files
from tests.contacts.import_files import as_csv, hubspot, imported, person, upload

pytestmark = pytest.mark.django_db


def outcomes(batch):
    return list(batch.rows.order_by("row_number").values_list("outcome", flat=True))


@pytest.mark.parametrize("missing", ["source_kind", "activity", "collected_on"])
def test_a_file_without_source_or_legal_basis_cannot_be_run(marketer, missing):
    nothing = None if missing == "collected_on" else ""
    batch = upload(hubspot(person(1)), user=marketer, **{missing: nothing})
    import_files.try_out(batch, user=marketer)

    with pytest.raises(DomainError) as refused:
        batches.start(batch, actor=actors.of_user(marketer))

    assert refused.value.code == "basis_missing"
    assert not Contact.objects.exists()


def test_only_adding_new_people_leaves_the_known_as_they_are(marketer, anna):
    known = {"First Name": "Anna", "Email": "anna.virtanen@esimerkki.example"}
    content = hubspot(person(1), {**known, "Phone Number": "040 7654321"}, person(1))

    batch, counts = imported(content, user=marketer, mode="new")

    assert counts == {"new": 1, "outside": 1, "unchanged": 1, "refusals": 0}
    assert outcomes(batch) == ["new", "outside", "unchanged"]
    assert not ContactPoint.objects.filter(value="+358407654321").exists()


def test_only_updating_adds_nobody_and_no_company(marketer, anna):
    content = hubspot(
        person(1),
        {"Email": "anna.virtanen@esimerkki.example", "Phone Number": "040 7654321"},
    )

    _batch, counts = imported(content, user=marketer, mode="update")

    assert counts == {"outside": 1, "updated": 1, "refusals": 0}
    assert Contact.objects.count() == 1
    assert anna.points.filter(value="+358407654321").exists()


def test_a_refusal_counts_even_in_a_row_that_is_left_out(marketer):
    content = hubspot(person(1, unsubscribed="true"))

    _batch, counts = imported(content, user=marketer, mode="update")

    assert counts == {"outside": 1, "refusals": 1}
    assert Prohibition.objects.exists()
    assert not Contact.objects.exists()


def test_a_file_lowers_permissions_and_never_raises_them(marketer):
    imported(hubspot(person(1, unsubscribed="true")), user=marketer)
    before = set(Prohibition.objects.values_list("pk", flat=True))

    imported(
        hubspot(person(1, unsubscribed="false")),
        user=marketer,
        replaced_all=["first_name", "email", "phone"],
    )

    assert set(Prohibition.objects.values_list("pk", flat=True)) == before


def title_of(contact):
    return contact.affiliations.get().job_title


def test_a_newer_file_replaces_what_an_older_file_brought_if_it_may(marketer):
    imported(hubspot(person(1, job="myyjä")), user=marketer)
    Contact.objects.update(created_at="2026-01-01T00:00Z")
    ContactPoint.objects.update(created_at="2026-01-01T00:00Z")
    contact = Contact.objects.get()
    contact.affiliations.update(created_at="2026-01-01T00:00Z")
    newer = hubspot(person(1, first="Maria", job="myyntijohtaja", phone="050 1234567"))

    _batch, filled = imported(newer, user=marketer)
    assert filled == {"updated": 1, "refusals": 0}  # the number was missing
    contact.refresh_from_db()
    assert (contact.first_name, title_of(contact)) == ("Maija", "myyjä")

    batch, counts = imported(
        newer, user=marketer, replaced=["first_name", "job_title", "phone"]
    )

    contact.refresh_from_db()
    assert counts == {"updated": 1, "refusals": 0}
    assert (contact.first_name, title_of(contact)) == ("Maria", "myyntijohtaja")
    first = contact.points.get(kind="phone", is_primary=True)
    assert first.value == "+358501234567"
    assert contact.points.filter(kind="phone").count() == 2
    changes = {
        (change.field, change.old, change.new)
        for change in ImportChange.objects.filter(batch=batch, is_written=True)
    }
    assert ("first_name", "Maija", "Maria") in changes
    assert ("job_title", "myyjä", "myyntijohtaja") in changes
    entry = AuditEntry.objects.get(action="contact.import_changed")
    assert "Maria" not in str(entry.details)
    # And a third time nothing is left to be done.
    assert imported(newer, user=marketer, replaced=["first_name"])[1] == {
        "unchanged": 1,
        "refusals": 0,
    }


def test_what_staff_corrected_stays_unless_the_column_may_replace_everything(marketer):
    imported(hubspot(person(1)), user=marketer)
    Contact.objects.update(created_at="2026-01-01T00:00Z")
    contact = Contact.objects.get()
    people.correct(contact, actor=actors.of_user(marketer), first_name="Maikki")
    content = hubspot(person(1, first="Maria"))

    batch, _counts = imported(content, user=marketer, replaced=["first_name"])
    contact.refresh_from_db()
    assert contact.first_name == "Maikki"
    assert "value_kept" in batch.rows.get().errors

    imported(content, user=marketer, replaced_all=["first_name"])
    contact.refresh_from_db()
    assert contact.first_name == "Maria"


def test_what_is_newer_than_the_file_stays(marketer):
    imported(hubspot(person(1)), user=marketer)

    imported(
        hubspot(person(1, first="Maria")),
        user=marketer,
        replaced=["first_name"],
        collected_on=date(2020, 1, 1),
    )

    assert Contact.objects.get().first_name == "Maija"


def test_of_two_rows_about_one_person_the_first_replaces(marketer):
    imported(hubspot(person(1)), user=marketer)
    content = hubspot(person(1, first="Maria"), person(1, first="Mari"))
    batch = upload(content, user=marketer, replaced_all=["first_name"])

    tried = import_files.try_out(batch, user=marketer)
    done = import_files.run(batch, user=marketer)

    assert tried == {"updated": 1, "unchanged": 1}
    assert done == {**tried, "refusals": 0}
    assert Contact.objects.get().first_name == "Maria"


EXTERNAL = {"recognised_by": "external", "external_system": "hubspot"}


def crm(*rows):
    return as_csv(["Id", "Etunimi", "Sähköposti"], rows)


COLUMNS = ["external_id", "first_name", "email"]


def test_the_number_in_another_system_finds_a_person_whose_address_changed(marketer):
    imported(
        crm(["7", "Maija", "maija@old.example"]),
        user=marketer,
        targets=COLUMNS,
        **EXTERNAL,
    )

    _batch, counts = imported(
        crm(["7", "Maija", "maija@new.example"], ["8", "Ville", ""]),
        user=marketer,
        targets=COLUMNS,
        **EXTERNAL,
    )

    assert counts == {"new": 1, "updated": 1, "refusals": 0}
    assert ExternalId.objects.filter(system="hubspot").count() == 2
    assert Contact.objects.count() == 2


def test_the_number_of_a_record_updates_and_never_adds(marketer, anna):
    content = as_csv(
        ["Id", "Sähköposti"],
        [[str(anna.pk), "anna@new.example"], [str(uuid.uuid4()), "x@new.example"]],
    )

    batch, counts = imported(
        content,
        user=marketer,
        targets=["record_number", "email"],
        recognised_by="number",
    )

    assert counts == {"updated": 1, "invalid": 1, "refusals": 0}
    assert outcomes(batch) == ["updated", "invalid"]
    assert Contact.objects.count() == 1


def test_a_row_without_the_key_stays_out(marketer):
    content = hubspot(person(1, email=""))

    _batch, counts = imported(content, user=marketer, recognised_by="email")

    assert counts == {"invalid": 1, "refusals": 0}
    assert not Contact.objects.exists()


def test_a_key_without_its_column_is_refused(marketer):
    batch = upload(hubspot(person(1)), user=marketer, recognised_by="external")

    with pytest.raises(DomainError) as refused:
        import_files.try_out(batch, user=marketer)

    assert refused.value.code == "key_column_missing"


def test_defaults_are_taken_for_new_people_only(marketer, anna, company):
    content = hubspot(
        person(1, company=""), {"Email": "anna.virtanen@esimerkki.example"}
    )
    before = anna.affiliations.count()

    imported(
        content,
        user=marketer,
        default_relationship="customer",
        default_language="sv",
        default_company=company,
    )

    new = Contact.objects.exclude(pk=anna.pk).get()
    assert (new.relationship, new.language) == ("customer", "sv")
    assert new.affiliations.get().company == company
    assert anna.affiliations.count() == before


@pytest.mark.parametrize("is_informed", [True, False])
def test_whoever_was_told_when_the_list_was_collected_need_not_be_told_again(
    is_informed, marketer
):
    imported(hubspot(person(1)), user=marketer, is_informed=is_informed)

    contact = Contact.objects.get()

    assert information_duty.is_open(contact) is not is_informed
    assert (contact.informed_at == contact.collected_at) is is_informed
