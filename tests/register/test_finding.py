"""The search box of every page: what it finds, for whom, and what it leaves behind."""

from __future__ import annotations

import pytest
from django.urls import reverse

from contacts.services import search_words
from register import finding
from register.models import AddressProtection, AuditEntry, RoleRight
from tests.conftest import make_contact

FIND = reverse("find")
LIST = reverse("admin:contacts_contact_changelist")
PART = {"HX-Request": "true"}
CODE = "131052-308T"


@pytest.fixture
def people(anna, bruno, company):
    search_words.refresh([anna.pk, bruno.pk])
    search_words.refresh_of_companies([company.pk])
    return anna, bruno


def ask(client, words, headers=None):
    return client.post(FIND, {"words": words}, headers=PART if headers is None else {})


@pytest.mark.parametrize(
    "words",
    [
        "virtanen",
        "VIRT anna",
        "anna.virtanen@esimerkki.example",
        "040 123 4567",
        "+358 (0)40-1234567",
        "anna 2327327-1",
        "esimerkki anna",
    ],
)
def test_a_person_is_found_by_whatever_is_known(people, agent, client_of, words):
    text = ask(client_of(agent), words).content.decode()

    assert reverse("admin:contacts_contact_page", args=[people[0].pk]) in text
    assert people[1].last_name not in text


def test_finnish_letters_may_be_left_out_and_are_marked(people, agent, client_of):
    assert "<mark>Mäkelä</mark>" in ask(client_of(agent), "makela").content.decode()


def test_companies_are_a_group_of_their_own(people, agent, client_of, company):
    groups = ask(client_of(agent), "esimerkki").context["groups"]

    assert [group["source"].label for group in groups] == [
        "contacts.contact",
        "contacts.company",
    ]


def test_nothing_of_a_category_without_a_right_is_found(people, seller, client_of):
    RoleRight.objects.filter(category="company").delete()

    text = ask(client_of(seller), "esimerkki").content.decode()

    assert "Esimerkki Oy" not in text
    assert not AuditEntry.objects.filter(object_type="contacts.company").exists()


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger"])
def test_who_may_see_nobody_finds_nobody(people, request, client_of, name):
    client = client_of(request.getfixturevalue(name))

    assert "Virtanen" not in ask(client, "virtanen").content.decode()
    assert not AuditEntry.objects.filter(action="register.searched").exists()


def test_without_a_log_in_nothing_is_answered(people, client):
    assert client.post(FIND, {"words": "virtanen"}).status_code == 302


def test_where_a_protected_person_works_finds_and_shows_nothing(
    people, agent, client_of
):
    AddressProtection.objects.create(
        subject_id=people[0].pk, ground="non_disclosure", set_by=agent
    )
    search_words.refresh([people[0].pk])
    client = client_of(agent)

    assert "Virtanen" not in ask(client, "esimerkki oy").content.decode()
    assert "Esimerkki Oy" not in ask(client, "virtanen").content.decode()


def test_a_search_is_recorded_by_fingerprint_alone(people, agent, client_of):
    ask(client_of(agent), "virtanen")

    entry = AuditEntry.objects.get(
        action="register.searched", object_type="contacts.contact"
    )
    assert entry.details["count"] == 1
    assert set(entry.details) == {"count", "query"}
    assert "virtanen" not in str(entry.details)


def test_no_answer_is_kept(people, agent, client_of):
    answer = ask(client_of(agent), "virtanen")

    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    "words", ["", " ", "v", "\0", "!", "a" * 5000, "~", "%", "' ;"]
)
def test_odd_words_find_nothing_and_are_no_error(people, agent, client_of, words):
    for headers in (None, {}):
        answer = ask(client_of(agent), words, headers)

        assert answer.status_code == 200
        assert "Virtanen" not in answer.content.decode()


def test_a_personal_identity_code_is_refused_and_not_repeated(people, agent, client_of):
    answer = ask(client_of(agent), CODE)

    assert "personal identity code" in answer.content.decode()
    assert CODE not in answer.content.decode()
    assert not AuditEntry.objects.filter(action="register.searched").exists()


def test_few_are_shown_and_a_link_leads_to_all(company, agent, client_of):
    made = [make_contact(first_name="Testi", last_name=f"N{n}") for n in range(8)]
    search_words.refresh([each.pk for each in made])
    client = client_of(agent)

    (group,) = ask(client, "testi").context["groups"]

    assert len(group["records"]) == finding.FEW
    assert "testi" not in group["all_url"].lower()
    assert len(client.get(group["all_url"]).context["cl"].result_list) == 8


def test_without_scripts_there_is_a_page(people, agent, client_of):
    text = ask(client_of(agent), "virtanen", {}).content.decode()

    assert "<h2>Results</h2>" in text
    assert reverse("admin:contacts_contact_page", args=[people[0].pk]) in text


def test_what_is_typed_is_shown_as_text(people, agent, client_of):
    made = make_contact(first_name="<b>Evil", last_name="&Co")
    search_words.refresh([made.pk])

    text = ask(client_of(agent), "evil").content.decode()

    assert "<b>Evil" not in text
    assert "&lt;b&gt;Evil" in text


def test_it_takes_few_queries(people, agent, client_of, django_assert_max_num_queries):
    client = client_of(agent)

    with django_assert_max_num_queries(14):
        ask(client, "anna")


# --- the search of a list -----------------------------------------------------------------


def search_list(client, words, **query):
    address = f"{LIST}?{'&'.join(f'{k}={v}' for k, v in query.items())}"
    return client.post(address, {"searching": "1", "q": words})


def test_the_address_of_a_searched_list_holds_no_words(people, agent, client_of):
    client = client_of(agent)

    answer = search_list(client, "virtanen", source__exact="staff", p="3")

    assert answer.status_code == 302
    assert "virtanen" not in answer["Location"]
    assert "p=3" not in answer["Location"]
    listed = client.get(answer["Location"])
    assert [row.pk for row in listed.context["cl"].result_list] == [people[0].pk]
    assert 'value="virtanen"' in listed.content.decode()
    assert "q=virtanen" not in listed.content.decode()


def test_sealed_words_are_read_by_whom_they_were_sealed_for(
    people, agent, seller, client_of
):
    sealed = search_list(client_of(agent), "virtanen")["Location"]

    answer = client_of(seller).get(sealed)

    assert "virtanen" not in answer.context["cl"].query
    assert client_of(agent).get(LIST, {"q": "~x"}).status_code == 200


def test_equal_searches_are_recognised_whichever_way_they_came(
    people, agent, client_of
):
    client = client_of(agent)
    client.get(search_list(client, "virtanen")["Location"])
    client.get(LIST, {"q": "virtanen"})

    first, second = AuditEntry.objects.filter(action="record.listed")
    assert first.details["query"] == second.details["query"]


def test_a_personal_identity_code_gets_into_no_address(people, agent, client_of):
    client = client_of(agent)

    searched = search_list(client, CODE)
    typed = client.get(LIST, {"q": CODE, "source__exact": "staff"})

    for answer in (searched, typed):
        assert answer.status_code == 302
        assert CODE not in answer["Location"]
    assert "source__exact=staff" in typed["Location"]
    text = client.get(typed["Location"]).content.decode()
    assert "personal identity code" in text
    assert CODE not in text


def test_who_may_not_look_cannot_search(people, auditor, client_of):
    assert client_of(auditor).post(LIST, {"searching": "1", "q": "x"}).status_code in (
        302,
        403,
    )
    assert client_of(auditor).get(LIST, {"q": "virtanen"}).status_code == 403
