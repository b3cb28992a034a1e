from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from communications.models import Call, Chat, ChatParticipant
from consent.models import Prohibition
from contacts.models import PostalAddress
from contacts.services import search_words
from dsar.services import identity, search
from register import actors
from register.datamap.vocabulary import Identifier
from register.errors import DomainError
from register.models import Hold
from tests.conftest import make_contact
from tests.dsar.access_factory import open_access

pytestmark = pytest.mark.django_db


def found(*identifiers: str) -> set[uuid.UUID]:
    return {each.subject_id for each in search.candidates(list(identifiers))}


@pytest.mark.parametrize(
    "spelling",
    [
        "anna.virtanen@esimerkki.example",
        " ANNA.Virtanen@Esimerkki.EXAMPLE ",
        '"Anna V." <anna.virtanen@esimerkki.example>',
        "mailto:anna.virtanen@esimerkki.example",
        "ａｎｎａ.virtanen@esimerkki.example",
        "+358401234567",
        "+358 40 123 4567",
        "00358 40 1234567",
        "040 123 4567",
        "040-1234567",
        "(040) 123 45 67",
        "Puh. 040/123 4567",
        "Anna Virtanen",
        "virtanen anna",
        "VIRTANEN, Anna",
        "Ánna  Virtanen",
        "A. Virtanen",
        "Anna Kaarina Virtanen",
        "anna\u00advirtanen\u200b Virtanen Anna",
    ],
)
def test_every_spelling_finds_anna_and_not_bruno(anna, bruno, spelling):
    assert found(spelling) == {anna.pk}


@pytest.mark.parametrize(
    "spelling",
    ["Bruno Mäkelä", "Makela Bruno", "Ma\u0308kela\u0308 Bruno", "MÄKELÄ B."],
)
def test_accents_make_no_difference(anna, bruno, spelling):
    assert found(spelling) == {bruno.pk}


@pytest.mark.parametrize(
    ("first", "last", "asked"),
    [
        ("Anna-Maria", "Öst", "Annamaria Ost"),
        ("Annamaria", "Öst", "anna maria öst"),
        ("Ægir", "Sørensen", "Aegir Sorensen"),
        ("A.", "Sørensen", "Astrid Sørensen"),
        ("Łukasz", "Groß", "lukasz gross"),
    ],
)
def test_names_written_otherwise_in_the_register(db, first, last, asked):
    contact = make_contact(first_name=first, last_name=last)

    assert found(asked) == {contact.pk}


def test_an_address_stored_otherwise_is_found_too(db):
    contact = make_contact(first_name="Carla")
    contact.points.create(kind="email", value="Carla@MÖBEL.example", source="staff")
    contact.points.create(kind="phone", value="040-555 1234", source="staff")

    assert found("carla@xn--mbel-5qa.example") == {contact.pk}
    assert found("+358 40 5551234") == {contact.pk}


def test_an_internationalised_domain_is_found_in_both_forms(db):
    contact = make_contact(first_name="Carla", email="carla@xn--mbel-5qa.example")

    assert found("carla@möbel.example") == {contact.pk}


def test_by_number_of_the_record_and_by_street(anna, bruno):
    PostalAddress.objects.create(
        contact=bruno, street="Mannerheimintie 12 A", source="staff"
    )

    assert found(str(anna.pk).upper()) == {anna.pk}
    assert found(f"{{{anna.pk}}}") == {anna.pk}
    assert found("Mannerheimintie 12 A") == {bruno.pk}


@pytest.mark.parametrize("spelling", ["2327327-1", "23273271", "FI23273271"])
def test_a_business_id_finds_the_people_of_the_company(anna, bruno, spelling):
    assert found(spelling) == {anna.pk, bruno.pk}


def test_what_only_helps_to_search_is_no_find(anna, company):
    search_words.refresh_of_companies([company.pk])

    result = search.find(["2327327-1"])

    tables = {match.label for each in result.candidates for match in each.matches}
    assert tables == {"contacts.Company"}
    assert result.records == ()


def test_the_number_of_a_chat_finds_who_was_in_it(anna):
    chat = Chat.objects.create(started_at=timezone.now(), external_id="CH-2026-77")
    ChatParticipant.objects.create(chat=chat, contact=anna)

    assert found("CH-2026-77") == {anna.pk}


def test_nonsense_finds_nobody(anna, bruno):
    assert found("", " ", "\0", "@", "+", "...", "x", "%", "_", "\\", "(") == set()


def test_who_is_found_by_more_comes_first(anna, officer):
    namesake = make_contact(first_name="Anna", last_name="Virtanen")

    candidates = search.candidates(
        ["Anna Virtanen", "040 1234567", "Anna.Virtanen@esimerkki.example"]
    )

    assert [each.subject_id for each in candidates] == [anna.pk, namesake.pk]
    assert {match.kind for match in candidates[0].matches} == {
        Identifier.NAME,
        Identifier.PHONE,
        Identifier.EMAIL,
    }


def test_a_person_who_is_in_ledgers_only_is_found_by_number(anna):
    gone = uuid.uuid4()
    Prohibition.objects.create(
        address_hash="0" * 64,
        hash_key_id="t2",
        channel="email",
        purpose="marketing",
        method="staff",
        subject_id=gone,
    )
    request = open_access(make_officer(), name="", email="", phone=str(gone))

    identity.confirm_person(request, subject_ids=[gone], actor=actors.system())

    assert request.people.get().subject_id == gone


def make_officer():
    from tests.conftest import make_user

    return make_user("officer", "dpo")


def test_names_are_shown_to_those_who_may_see_them(anna, officer, auditor):
    seen = search.candidates(["Anna Virtanen"], user=officer)[0]
    hidden = search.candidates(["Anna Virtanen"], user=auditor)[0]

    assert seen.name == "Anna Virtanen"
    assert "+358401234567" in seen.details
    assert (hidden.name, hidden.details) == ("", ())


# --- records that lead to nobody -----------------------------------------------------


def make_call(number: str, contact=None) -> Call:
    now = timezone.now()
    return Call.objects.create(
        contact=contact,
        direction="inbound",
        number=number,
        started_at=now,
        ended_at=now,
    )


def test_a_call_from_an_unknown_number_is_listed(anna, officer):
    call = make_call("+358501112223")
    chat = Chat.objects.create(started_at=timezone.now())
    visitor = ChatParticipant.objects.create(chat=chat, display_name="Vera Visitor")

    result = search.find(["050 111 2223", "Visitor, Vera"], user=officer)

    assert result.candidates == ()
    assert {record.code for record in result.records} == {
        f"communications.Call:{call.pk}",
        f"communications.ChatParticipant:{visitor.pk}",
    }
    assert any("+358501112223" in record.details for record in result.records)


def test_the_request_itself_is_no_find_but_an_earlier_one_is(officer):
    earlier = open_access(officer)
    request = open_access(officer)

    records = search.find(request.identifiers, request=request).records

    assert {record.code for record in records} == {f"dsar.Request:{earlier.pk}"}


def test_a_record_without_a_contact_is_held_while_the_request_is_open(officer, anna):
    call = make_call("+358501112223")
    request = open_access(officer)

    identity.confirm_person(
        request,
        subject_ids=[anna.pk],
        records=[("communications.Call", str(call.pk))],
        actor=actors.of_user(officer),
    )

    assert set(Hold.objects.values_list("subject_id", "object_type", "object_id")) == {
        (anna.pk, "", ""),
        (None, "communications.call", str(call.pk)),
    }


@pytest.mark.parametrize(
    ("subjects", "records", "code"),
    [
        ([], [], "nobody_chosen"),
        ([uuid.UUID(int=7)], [], "unknown_person"),
        ([], [("communications.Call", "999999")], "unknown_record"),
        ([], [("register.Role", "1")], "unknown_record"),
        ([], [("no.Such", "1")], "unknown_record"),
        ([], [("communications.Call", "x")], "unknown_record"),
    ],
)
def test_what_is_not_there_cannot_be_confirmed(officer, subjects, records, code):
    request = open_access(officer)

    with pytest.raises(DomainError) as refused:
        identity.confirm_person(
            request,
            subject_ids=subjects,
            records=records,
            actor=actors.of_user(officer),
        )

    assert refused.value.code == code
    assert not request.people.exists()
    assert not Hold.objects.exists()
