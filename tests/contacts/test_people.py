from __future__ import annotations

import pytest

from contacts.models import Contact, ContactPoint
from contacts.services import people
from register import actors
from register.errors import DomainError
from register.models import AuditEntry


@pytest.fixture
def actor(agent):
    return actors.of_user(agent)


def words_of(contact):
    return set(contact.words.values_list("word", flat=True))


def test_find_by_points_takes_any_spelling(anna, bruno):
    by_email = people.find_by_points(
        emails=[' "Anna" <ANNA.Virtanen@esimerkki.example> ']
    )
    by_phone = people.find_by_points(phones=["040 123 4567"])
    both = people.find_by_points(
        emails=["anna.virtanen@esimerkki.example"], phones=["0407654321"]
    )

    assert set(by_email) == {anna}
    assert set(by_phone) == {anna}
    assert set(both) == {anna, bruno}


def test_find_by_points_without_an_address_finds_nobody(anna):
    assert not people.find_by_points().exists()
    assert not people.find_by_points(emails=["", "anna"], phones=["12", "\0"]).exists()


def test_a_new_person_gets_primary_points_words_and_an_audit_entry(actor):
    contact, is_new = people.find_or_create(
        first_name=" Åsa ",
        last_name="Öhman",
        emails=["Asa@Kauppa.example", "asa@kauppa.example", "toinen@kauppa.example"],
        phones=["040 111 2222"],
        source="api",
        source_detail="web shop",
        actor=actor,
    )

    assert is_new
    contact.refresh_from_db()
    assert (contact.first_name, contact.source_detail) == ("Åsa", "web shop")
    assert list(contact.points.values_list("kind", "value", "is_primary")) == [
        ("email", "asa@kauppa.example", True),
        ("email", "toinen@kauppa.example", False),
        ("phone", "+358401112222", True),
    ]
    assert {"asa", "ohman", "kauppa", "358401112222"} <= words_of(contact)
    entry = AuditEntry.objects.get(action="record.added")
    assert entry.subject_id == contact.pk
    assert entry.details == {
        "fields": ["first_name", "last_name", "contactpoint.value"]
    }


def test_a_known_person_keeps_the_name_and_gains_what_is_missing(anna, actor):
    found, is_new = people.find_or_create(
        first_name="Annika",
        last_name="Muu",
        emails=["anna.virtanen@esimerkki.example"],
        phones=["+46 8 123 456"],
        source="api",
        actor=actor,
    )

    assert (found, is_new) == (anna, False)
    anna.refresh_from_db()
    assert anna.full_name == "Anna Virtanen"
    added = anna.points.get(value="+468123456")
    assert (added.is_primary, added.source) == (False, "api")
    assert "468123456" in words_of(anna)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.details) == (
        "record.changed",
        {"fields": ["contactpoint.value"]},
    )


def test_finding_again_writes_nothing(anna, actor):
    people.find_or_create(phones=["0401234567"], source="api", actor=actor)

    assert Contact.objects.count() == 1
    assert ContactPoint.objects.count() == 2
    assert not AuditEntry.objects.exists()


def test_the_address_decides_before_the_number(anna, bruno, actor):
    found, is_new = people.find_or_create(
        emails=["bruno.makela@esimerkki.example"],
        phones=["0401234567"],
        source="api",
        actor=actor,
    )

    assert (found, is_new) == (bruno, False)


def test_a_shared_number_with_another_name_is_another_person(anna, actor):
    found, is_new = people.find_or_create(
        first_name="Carla",
        last_name="Laine",
        phones=["0401234567"],
        source="api",
        actor=actor,
    )

    assert is_new
    assert found != anna
    assert set(people.find_by_points(phones=["0401234567"])) == {anna, found}


def test_of_several_holders_the_namesake_is_taken(anna, bruno, actor):
    ContactPoint.objects.create(
        contact=bruno, kind="phone", value="+358401234567", source="staff"
    )

    found, is_new = people.find_or_create(
        first_name="bruno",
        last_name="Makela",
        phones=["0401234567"],
        source="api",
        actor=actor,
    )

    assert (found, is_new) == (bruno, False)


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "contact_empty"),
        ({"first_name": "  "}, "contact_empty"),
        ({"emails": ["nobody"]}, "email_no_at"),
        ({"phones": ["12"]}, "phone_length"),
        ({"first_name": "x" * 101}, "contact_invalid"),
        ({"first_name": "nul\0"}, "contact_invalid"),
    ],
)
def test_what_cannot_be_stored_is_refused_with_a_code(actor, given, code):
    with pytest.raises(DomainError) as refusal:
        people.find_or_create(**given, source="api", actor=actor)

    assert refusal.value.code == code
    assert not Contact.objects.exists()
    assert not AuditEntry.objects.exists()


def test_correcting_changes_names_words_and_names_the_fields(anna, actor):
    people.correct(anna, first_name="Annika", last_name="Virtanen", actor=actor)

    anna.refresh_from_db()
    assert anna.full_name == "Annika Virtanen"
    assert "annika" in words_of(anna)
    assert AuditEntry.objects.get().details == {"fields": ["first_name"]}


def test_correcting_nothing_writes_nothing(anna, actor):
    before = anna.updated_at

    people.correct(anna, first_name="Anna", actor=actor)

    anna.refresh_from_db()
    assert anna.updated_at == before
    assert not AuditEntry.objects.exists()


def test_a_wrong_correction_is_refused_and_nothing_changes(anna, actor):
    with pytest.raises(DomainError) as refusal:
        people.correct(anna, language="tlh", actor=actor)
    with pytest.raises(ValueError, match="source"):
        people.correct(anna, source="api", actor=actor)

    anna.refresh_from_db()
    assert (refusal.value.code, anna.language, anna.source) == (
        "contact_invalid",
        "",
        "staff",
    )
    assert "tlh" not in str(refusal.value)
    assert not AuditEntry.objects.exists()
