"""Duplicates: who is like somebody typed in, the comparison of everybody, decisions."""

from __future__ import annotations

import pytest

from contacts.likeness import CompanyFacts, PersonFacts
from contacts.models import (
    Company,
    CompanyPair,
    Contact,
    ContactPair,
    ContactPoint,
    Feature,
    MatchThreshold,
    MatchWeight,
    PostalAddress,
    Situation,
)
from contacts.services import search_words
from contacts.services.duplicates import decisions, scan
from contacts.services.duplicates.typing import companies_like, people_like
from register import actors
from register.errors import Conflict
from register.models import AuditEntry
from register.services import jobs, protections
from tests.conftest import ensure_seeded, make_contact


@pytest.fixture(autouse=True)
def _seeded(db: None) -> None:
    ensure_seeded()


@pytest.fixture
def scanned(officer):
    """Return a function that compares everybody, as the worker does."""

    def run() -> dict[str, int]:
        job = jobs.order(scan.KIND_OF_JOB, object_id="", actor=actors.of_user(officer))
        done = jobs.run(job.pk)
        assert done is not None
        assert done.state == "done", done.error_code
        return dict(done.result["counts"])

    return run


def pairs() -> set[frozenset[str]]:
    return {
        frozenset({pair.first.full_name, pair.second.full_name})
        for pair in ContactPair.objects.select_related("first", "second")
    }


# --- while typing ---


def test_somebody_typed_again_is_found_with_the_reasons(anna):
    search_words.refresh([anna.pk])

    (found,) = people_like(
        PersonFacts(
            "anna", "VIRTANEN", emails=frozenset({"anna.virtanen@esimerkki.example"})
        ),
        situation=Situation.ASKING,
    )

    assert found.record == anna
    assert set(found.features) == {Feature.NAME, Feature.EMAIL}
    assert found.points == 100


@pytest.mark.parametrize(
    ("first", "last"),
    [("Virtanen", "Anna"), ("A", "Virtanen"), ("anna", "virtanen")],
)
def test_a_namesake_is_shown_while_typing_but_not_asked_about(anna, first, last):
    search_words.refresh([anna.pk])
    MatchThreshold.objects.filter(situation=Situation.TYPING).update(points=30)
    typed = PersonFacts(first, last)

    assert [a.record for a in people_like(typed, situation=Situation.TYPING)] == [anna]
    assert people_like(typed, situation=Situation.ASKING) == []


def test_a_colleague_at_the_same_switchboard_is_no_duplicate(anna, bruno):
    search_words.refresh([anna.pk, bruno.pk])
    typed = PersonFacts("Cecilia", "Laine", phones=frozenset({"+358401234567"}))

    assert people_like(typed, situation=Situation.TYPING) == []


def test_the_record_itself_is_not_like_itself(anna):
    search_words.refresh([anna.pk])
    typed = PersonFacts("Anna", "Virtanen")

    assert people_like(typed, situation=Situation.TYPING, besides=anna.pk) == []


@pytest.mark.parametrize("text", ["", "\0", "%", "a" * 5_000, "🎷", "\ud800"])
def test_odd_text_finds_nobody(anna, text):
    search_words.refresh([anna.pk])

    assert people_like(PersonFacts(text, text), situation=Situation.TYPING) == []
    assert companies_like(CompanyFacts(text), situation=Situation.TYPING) == []


def test_a_company_typed_with_a_slip_or_another_form_is_found(company):
    search_words.refresh_of_companies([company.pk])

    for name in ("Esimerkki", "ESIMERKKI Ab", "Oy Esimerkki"):
        (found,) = companies_like(CompanyFacts(name), situation=Situation.TYPING)
        assert found.record == company


def test_a_company_of_another_business_id_is_another(company):
    search_words.refresh_of_companies([company.pk])
    typed = CompanyFacts("Esimerkki Oy", "0112038-9")

    assert companies_like(typed, situation=Situation.TYPING) == []


# --- the comparison of everybody ---


def test_everybody_who_may_be_one_person_is_found_once(scanned, company, anna, bruno):
    make_contact(
        first_name="A.", last_name="Virtanen", phone="+358401234567", company=company
    )
    make_contact(first_name="Mäkelä", last_name="Bruno", company=company)
    make_contact(first_name="Anna", last_name="Virtanen")
    make_contact(
        first_name="Anna", last_name="Laine", email="anna.virtanen@esimerkki.example"
    )

    counts = scanned()

    assert pairs() == {
        frozenset({"Anna Virtanen", "A. Virtanen"}),
        frozenset({"Bruno Mäkelä", "Mäkelä Bruno"}),
        frozenset({"Anna Virtanen", "Anna Laine"}),
    }
    assert counts == {"people": 3, "companies": 0}
    assert scanned() == counts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Carl", "von Essen"), ("Carl", "Essen")),
        (("Mikko", "Wirtanen"), ("M.", "Virtanen")),
        (("Anna", "Laine-Virtanen"), ("Anna", "Virtanen")),
        (("Åsa", "Åberg"), ("Åsa", "Aaberg")),
        (("Anna-Maija", "Mäkelä"), ("Mäkelä", "Anna Maija")),
        (("Anna", "Virtanen"), ("anna", "VIRTANNEN")),
    ],
)
def test_colleagues_whose_names_are_spellings_of_one_are_found_both_ways(
    scanned, company, one, other
):
    """At night and while typing, for the same reason."""
    MatchThreshold.objects.update(points=30)
    people = [
        make_contact(first_name=first, last_name=last, company=company)
        for first, last in (one, other)
    ]
    search_words.refresh([person.pk for person in people])

    assert scanned()["people"] == 1
    for typed, person in ((one, people[1]), (other, people[0])):
        facts = PersonFacts(*typed, companies=frozenset({company.pk}))
        found = people_like(facts, situation=Situation.TYPING)
        assert person in [each.record for each in found]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("anna+lista@x.example", "anna@x.example"),
        ("anna+1@x.example", "anna+2@x.example"),
        ("an.na@gmail.com", "anna@googlemail.com"),
    ],
)
def test_people_who_read_one_mailbox_are_found(scanned, one, other):
    for email in (one, other):
        make_contact(first_name="Anna", email=email)
    make_contact(first_name="Anna", email="anna@y.example")

    assert scanned()["people"] == 1


def test_a_mailbox_typed_with_or_without_a_mark_is_found(anna):
    tagged = make_contact(email="bo+lista@x.example")
    search_words.refresh([anna.pk, tagged.pk])

    for typed, person in (
        ("anna.virtanen+messut@esimerkki.example", anna),
        ("bo@x.example", tagged),
    ):
        facts = PersonFacts(emails=frozenset({typed}))
        (found,) = people_like(facts, situation=Situation.TYPING)
        assert found.record == person


def test_what_was_mended_is_no_longer_open_and_what_was_decided_stays(
    scanned, company, anna, officer
):
    twin = make_contact(first_name="Anna", last_name="Virtanen", company=company)
    other = make_contact(first_name="Virtanen", last_name="Anna", company=company)
    scanned()
    decided = ContactPair.objects.get(
        first_id=min(anna.pk, other.pk), second_id=max(anna.pk, other.pk)
    )
    decisions.mark_different(decided, actor=actors.of_user(officer))

    Contact.objects.filter(pk=twin.pk).update(first_name="Pekka")
    scanned()

    assert set(ContactPair.objects.values_list("pk", "state")) == {
        (decided.pk, "different")
    }


def test_a_number_of_a_whole_office_brings_nobody_together(scanned, company):
    for number in range(25):
        make_contact(first_name=f"Nimi{number}", phone="+3589123456", company=company)

    assert scanned()["people"] == 0


def test_weights_are_what_the_register_says(scanned, company, anna):
    make_contact(first_name="Anna", last_name="Virtanen", company=company)
    MatchWeight.objects.filter(kind="contact", feature="company").update(weight=0)

    assert scanned()["people"] == 0


def test_companies_of_one_name_are_found_unless_their_business_ids_differ(
    scanned, company
):
    Company.objects.create(name="ESIMERKKI Ab", source="staff")
    Company.objects.create(name="Esimerkki", business_id="0112038-9", source="staff")

    assert scanned()["companies"] == 2
    found = CompanyPair.objects.select_related("first", "second")
    assert all(
        "" in {pair.first.business_id, pair.second.business_id} for pair in found
    )


def test_a_pair_goes_with_either_person(scanned, company, anna):
    twin = make_contact(first_name="Anna", last_name="Virtanen", company=company)
    assert scanned()["people"] == 1

    ContactPoint.objects.filter(contact=twin).delete()
    twin.delete()

    assert not ContactPair.objects.exists()


# --- decisions ---


def test_two_decisions_at_once_are_one(scanned, company, anna, officer, agent):
    make_contact(first_name="Anna", last_name="Virtanen", company=company)
    scanned()
    pair = ContactPair.objects.get()
    decisions.mark_different(pair, actor=actors.of_user(officer))

    with pytest.raises(Conflict):
        decisions.mark_different(pair, actor=actors.of_user(agent))

    pair.refresh_from_db()
    assert pair.decided_by == officer
    entries = AuditEntry.objects.filter(action="duplicates.different")
    assert set(entries.values_list("subject_id", flat=True)) == {
        pair.first_id,
        pair.second_id,
    }
    decisions.reopen(pair, actor=actors.of_user(agent))
    pair.refresh_from_db()
    assert (pair.state, pair.decided_by) == ("open", None)


# --- protected addresses ---


@pytest.fixture
def namesake(anna, company):
    """Another Anna Virtanen, at the company and the address of the first."""
    found = make_contact(
        first_name="Anna",
        last_name="Virtanen",
        email="other@elsewhere.example",
        company=company,
    )
    for each in (anna, found):
        PostalAddress.objects.create(
            contact=each, street="Piilotie 7", postcode="00100", source="staff"
        )
    return found


def protect(contact) -> None:
    protections.protect(
        contact.pk, ground="own_request", actor=actors.system("access_control")
    )


def test_the_comparison_says_nothing_of_where_a_protected_person_is(
    anna, namesake, scanned
):
    scanned()
    assert {Feature.COMPANY, Feature.ADDRESS} <= set(ContactPair.objects.get().features)

    protect(namesake)
    found = ContactPair.objects.first()
    assert found is None or not {"company", "address"} & set(found.features)

    MatchThreshold.objects.update(points=20)
    scanned()
    pair = ContactPair.objects.get()
    assert pair.features == [Feature.NAME]
    assert pair.points == MatchWeight.objects.get(kind="contact", feature="name").weight


def test_a_decision_about_a_protected_person_stays_and_says_less(
    anna, namesake, scanned, officer
):
    scanned()
    decisions.mark_different(ContactPair.objects.get(), actor=actors.of_user(officer))

    protect(namesake)

    pair = ContactPair.objects.get()
    assert (pair.state, pair.features) == ("different", [Feature.NAME])


def test_who_compares_is_told_that_an_address_is_protected(
    anna, namesake, scanned, officer, client_of
):
    scanned()
    pair = ContactPair.objects.get()
    address = f"/admin/contacts/contactpair/{pair.pk}/compare/"
    browser = client_of(officer)
    assert "same company" in browser.get(address).content.decode()
    ContactPair.objects.update(state="different")

    protect(namesake)

    page = browser.get(address).content.decode()
    assert "Protected address" in page
    assert "same company" not in page
    assert page.count("Piilotie 7") == 1
