"""Finding people and companies by the beginning of any word."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from contacts import finding
from contacts.models import Affiliation, Company, Contact, ContactPoint, ContactWord
from contacts.selectors import matching, search, search_companies
from contacts.services import search_words
from contacts.tasks import sweep_turned_roles
from register import identifiers
from tests.conftest import make_contact

LACKING = {search_words.NO_EMAIL, search_words.NO_PHONE, search_words.NO_ROLE}
ODD_QUERIES = [
    "",
    "   ",
    "\0",
    "anna\0",
    "%",
    "_",
    "\\",
    "' OR 1=1 --",
    "@",
    "@@@@",
    "+",
    "-",
    "\ud800",
    "a" * 5_000,
    "a " * 5_000,
    "1" * 5_000,
    "٠٤٠١٢٣",
    "🎷",
    "\u202e",
    "{}[]()<>\"'`;",
    "ﬁ",
    "00000000-0000-0000-0000-00000000000g",
]


@pytest.fixture
def found(company, anna, bruno):
    """Return a function that searches among anna, bruno and åsa."""
    asa = make_contact(
        first_name="Åsa",
        last_name="Öhman-Ångström",
        email="asa.ohman@ostron.example",
        phone="+46812345678",
    )
    search_words.refresh_of_companies([company.pk])
    search_words.refresh([asa.pk])
    names = {anna.pk: "anna", bruno.pk: "bruno", asa.pk: "asa"}
    return lambda text: {names[contact.pk] for contact in search(text)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("anna", {"anna"}),
        ("ANN", {"anna"}),
        ("virt", {"anna"}),
        ("nna", set()),
        ("anna virt", {"anna"}),
        ("virt anna", {"anna"}),
        ("anna mäk", set()),
        ("anna.virtanen@esimerkki.example", {"anna"}),
        ("anna.virtanen@esi", {"anna"}),
        ("ANNA.Virtanen@", {"anna"}),
        ("esimerkki.exa", {"anna", "bruno"}),
        ("esimerkki oy", {"anna", "bruno"}),
        ("esim makela", {"bruno"}),
        ("mäkelä", {"bruno"}),
        ("MAKELA", {"bruno"}),
        ("åsa", {"asa"}),
        ("asa", {"asa"}),
        ("öhman", {"asa"}),
        ("A\u030angstro\u0308m", {"asa"}),
        ("ångström öhm", {"asa"}),
        ("ostron", {"asa"}),
    ],
)
def test_any_word_is_found_by_its_beginning(found, text, names):
    assert found(text) == names


@pytest.mark.parametrize(
    "text",
    [
        "+358401234567",
        "+358 40 123 4567",
        "358401234567",
        "00358 40 1234567",
        "0401234567",
        "040 123 4567",
        "040-1234 567",
        "(040) 1234567",
        "+358 (0)40 1234567",
        "040 123",
        "+358 40 12",
    ],
)
def test_a_number_is_found_in_any_format(found, text):
    assert found(text) == {"anna"}


def test_the_end_of_a_number_is_no_beginning(found):
    assert found("1234567") == set()


@pytest.mark.parametrize(
    "text", ["2327327-1", "23273271", "FI23273271", "2327327", "2327327-"]
)
def test_a_business_id_is_found_in_both_spellings(found, company, text):
    assert found(text) == {"anna", "bruno"}
    assert set(search_companies(text)) == {company}


def test_a_record_number_finds_its_record(found, anna, company):
    assert set(search(f" {anna.pk} ")) == {anna}
    assert set(search_companies(str(company.pk))) == {company}


@pytest.mark.parametrize("text", ODD_QUERIES)
def test_odd_input_breaks_nothing(found, text):
    assert found(text) <= {"anna", "bruno", "asa"}
    assert search_companies(text).count() <= 1


@pytest.mark.parametrize("text", ["", " ", "\0", "%", "_", "\\", "@", "+", "-", "🎷"])
def test_a_text_without_words_finds_nobody(found, text):
    assert found(text) == set()
    assert not search_companies(text).exists()


def test_digits_of_another_script_are_digits(found):
    assert found("٠٤٠١٢٣") == {"anna"}


def test_companies_are_found_by_any_word_of_the_name(company):
    other = Company.objects.create(name="Åbo Åkeri Ab", source="staff")
    search_words.refresh_of_companies([company.pk, other.pk])

    assert set(search_companies("esi")) == {company}
    assert set(search_companies("oy esi")) == {company}
    assert set(search_companies("AKERI")) == {other}
    assert set(search_companies("keri")) == set()


def test_only_present_companies_count(company):
    today = timezone.localdate()
    former = make_contact(first_name="Dora", company=company)
    future = make_contact(first_name="Emil", company=company)
    last_day = make_contact(first_name="Fanny", company=company)
    periods = {
        former: {"valid_to": today - timedelta(days=1)},
        future: {"valid_from": today + timedelta(days=1)},
        last_day: {"valid_to": today},
    }
    for contact, period in periods.items():
        Affiliation.objects.filter(contact=contact).update(**period)
    search_words.refresh([contact.pk for contact in periods])

    assert set(search("esimerkki")) == {last_day}


@pytest.mark.parametrize("days_later", [1, 3, 7])
def test_the_calendar_turns_roles(company, days_later):
    today = timezone.localdate()
    leaving = make_contact(first_name="Dora", company=company)
    coming = make_contact(first_name="Emil", company=company)
    Affiliation.objects.filter(contact=leaving).update(valid_to=today)
    tomorrow = today + timedelta(days=1)
    Affiliation.objects.filter(contact=coming).update(valid_from=tomorrow)
    search_words.refresh([leaving.pk, coming.pk])
    before = set(search("esimerkki"))

    with time_machine.travel(timezone.now() + timedelta(days=days_later)):
        turned = search_words.refresh_turned_roles()

    assert before == {leaving}
    assert turned == 2
    assert set(search("esimerkki")) == {coming}


def test_the_sweep_has_a_task(db):
    assert sweep_turned_roles() == 0


def test_a_new_name_of_a_company_reaches_its_people(found, company):
    company.name = "Uusi Nimi Oy"
    company.save()

    search_words.refresh_of_companies([company.pk])

    assert found("uusi nimi") == {"anna", "bruno"}
    assert set(search_companies("uusi")) == {company}
    assert set(search_companies("esimerkki")) == set()


def test_refreshing_writes_only_what_differs(anna):
    search_words.refresh([anna.pk])
    before = dict(anna.words.values_list("word", "pk"))
    ContactPoint.objects.filter(contact=anna, kind="phone").update(
        value="+358409999999"
    )
    ContactWord.objects.create(contact=anna, word="anna")  # a double

    search_words.refresh([anna.pk])

    after = dict(anna.words.values_list("word", "pk"))
    assert anna.words.count() == len(after)
    assert {word for word in before if before[word] != after.get(word)} == {
        "0401234567",
        "358401234567",
    }
    assert after.keys() - before.keys() == {"0409999999", "358409999999"}


def test_refreshing_takes_a_number_of_queries_that_does_not_grow(
    company, django_assert_num_queries
):
    few = [make_contact(first_name=f"A{n}", company=company).pk for n in range(2)]
    many = [make_contact(first_name=f"B{n}", company=company).pk for n in range(20)]

    # A savepoint and its release, seven reads, one write.
    with django_assert_num_queries(10):
        search_words.refresh(few)
    with django_assert_num_queries(10):
        search_words.refresh(many)


@pytest.mark.parametrize(
    "number",
    ["+358401234567", "+3584412345", "+358457123456", "+35850123456", "+358491234567"],
)
def test_mobile_numbers_get_the_words_of_any_number(db, number):
    contact = make_contact(phone=number)

    search_words.refresh([contact.pk])

    words = set(contact.words.values_list("word", flat=True)) - LACKING
    assert words == set(identifiers.search_words(number))


@pytest.mark.parametrize(
    "address",
    ["a.b-c_d+e@x-y.example", "x.1_@example.fi", "a!b@example.fi", "a@xn--mkel-moa.fi"],
)
def test_addresses_get_the_words_of_any_address(db, address):
    contact = make_contact(email=address)

    search_words.refresh([contact.pk])

    words = set(contact.words.values_list("word", flat=True)) - LACKING
    assert words == set(identifiers.search_words(address))


def test_words_longer_than_the_column_are_cut_on_both_sides(db):
    contact = make_contact(first_name="x" * 100, last_name="y")
    local = "z" * 64
    ContactPoint.objects.create(
        contact=contact,
        kind="email",
        value=f"{local}@{'verkkotunnus' * 5}.example",
        source="staff",
    )
    search_words.refresh([contact.pk])

    assert set(search(f"{local}@{'verkkotunnus' * 5}.example")) == {contact}


def test_the_command_rebuilds_everything(company, anna, bruno, capsys):
    call_command("search_words")

    assert set(search("virtanen")) == {anna}
    assert set(search("2327327-1")) == {anna, bruno}
    assert set(search_companies("esimerkki")) == {company}
    assert capsys.readouterr().out == "2 contacts, 1 companies\n"


def test_an_erased_contact_leaves_no_words(anna):
    search_words.refresh([anna.pk])

    Contact.objects.filter(pk=anna.pk).delete()

    assert not ContactWord.objects.exists()


# --- many who match ----------------------------------------------------------------------


@pytest.fixture
def namesakes(company):
    """Fifty people called Matti, every fifth of them Virtanen, the last one a customer."""
    people = [
        make_contact(
            first_name="Matti",
            last_name="Virtanen" if number % 5 == 0 else "Mattila",
            company=company if number % 2 else None,
        )
        for number in range(50)
    ]
    Contact.objects.filter(pk=people[45].pk).update(relationship="customer")
    search_words.refresh([contact.pk for contact in people])
    return people


@pytest.fixture(
    params=[(200, 1_500, 5_000), (3, 5, 0), (3, 5, 100), (5, 20, 0), (5, 20, 100)]
)
def candidates(request, monkeypatch):
    """Many words are rare, few are, or common ones are asked for one by one first.

    Those searched among are many, or so few that they are asked for their words.
    """
    sample, few, few_owners = request.param
    monkeypatch.setattr(finding, "SAMPLE", sample)
    monkeypatch.setattr(finding, "FEW", few)
    monkeypatch.setattr(finding, "FEW_OWNERS", few_owners)


@pytest.mark.usefixtures("candidates")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("matti", 50),
        ("matti virtanen", 10),
        ("mat virta", 10),
        ("m v", 10),
        ("v m ma mat", 10),
        ("matti mattila", 40),
        ("matti virtanen esimerkki", 5),
        ("esimerkki matti mattila oy", 20),
        ("matti nobody", 0),
        ("virtanen mattila", 0),
    ],
)
def test_everybody_who_matches_is_found_once_however_common_the_words(
    namesakes, text, count
):
    found = [contact.pk for contact in search(text)]

    assert len(found) == len(set(found)) == count
    assert [contact.pk for contact in search(text, most=7)] == found[:7]


@pytest.mark.django_db
def test_of_common_words_the_one_expected_less_often_comes_first(
    namesakes, monkeypatch
):
    monkeypatch.setattr(finding, "FEW", 2)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE contacts_contactword")
    words = finding.Words(ContactWord, "contact")

    for prefixes in (["matti", "virtanen"], ["virtanen", "matti"]):
        ordered, counts, _ = finding._by_rarity(words, prefixes)

        assert ordered == ["virtanen", "matti"]
        assert counts == [3, 3]


@pytest.mark.usefixtures("candidates")
@pytest.mark.parametrize("text", ["matti", "m", "matti virtanen", "m v o", "virtanen"])
def test_what_is_searched_among_stays_within(namesakes, text):
    customers = Contact.objects.filter(relationship="customer")
    prospects = Contact.objects.exclude(relationship="customer")

    if "o" not in text:
        assert list(matching(customers, text)) == [namesakes[45]]
    everybody = [contact for contact in search(text) if contact != namesakes[45]]
    assert list(matching(prospects, text)) == everybody
    assert not matching(Contact.objects.filter(relationship="other"), text).exists()


def test_whose_word_is_just_what_was_typed_comes_first(company):
    longer = make_contact(first_name="Annabella", last_name="Aalto")
    exact = make_contact(first_name="Anna", last_name="Öhman")
    search_words.refresh([longer.pk, exact.pk])

    assert list(search("anna")) == [exact, longer]
    assert list(search("anna", most=1)) == [exact]


@pytest.mark.parametrize(
    "text",
    [
        "Anna +358 40 1234567",
        "Anna 040 123 4567",
        "+358 40 1234567, anna",
        "Virtanen (040) 1234567",
    ],
)
def test_a_name_and_a_number_in_any_spelling_find_the_one_person(anna, bruno, text):
    """Both are words of the person: neither alone would say which Anna."""
    make_contact(first_name="Anna", last_name="Toinen", phone="+358401110000")
    search_words.refresh([anna.pk, bruno.pk])

    assert set(search(text)) == {anna}


def test_the_number_of_another_person_beside_a_name_finds_nobody(anna, bruno):
    search_words.refresh([anna.pk, bruno.pk])

    assert set(search("Anna +358 40 7654321")) == set()
