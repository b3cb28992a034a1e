"""The list of contacts: who sees it, what it costs, what it records."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from contacts.models import Company, Contact
from contacts.services import search_words
from register.models import AuditEntry, RoleRight
from tests.conftest import make_contact

LIST = reverse("admin:contacts_contact_changelist")
COMPANIES = reverse("admin:contacts_company_changelist")


def make_many(count: int, company: Company) -> None:
    for number in range(count):
        make_contact(
            first_name="Testi",
            last_name=f"Henkilö{number}",
            email=f"testi{number}@esimerkki.example",
            phone=f"+35840{number:07}",
            company=company,
            created_at=datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        )


@pytest.mark.parametrize("name", ["agent", "seller", "marketer", "officer"])
def test_those_whose_work_it_is_see_people(anna, request, client_of, name):
    response = client_of(request.getfixturevalue(name)).get(LIST)

    text = response.content.decode()
    assert response.status_code == 200
    assert "Anna Virtanen" in text
    assert "anna.virtanen@esimerkki.example" in text
    assert "+358401234567" in text
    assert "Esimerkki Oy" in text


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger"])
@pytest.mark.parametrize("address", [LIST, f"{LIST}?q=anna", COMPANIES])
def test_others_are_refused_and_learn_nothing(anna, request, client_of, name, address):
    user = request.getfixturevalue(name)

    response = client_of(user).get(address)

    assert response.status_code == 403
    assert b"Virtanen" not in response.content
    assert not AuditEntry.objects.filter(action="record.listed").exists()


def test_without_a_log_in_there_is_a_log_in_page(anna, client):
    response = client.get(LIST)

    assert response.status_code == 302
    assert reverse("admin:login") in response["Location"]


def test_company_names_are_for_those_who_may_see_companies(anna, seller, client_of):
    RoleRight.objects.filter(category="company").delete()

    text = client_of(seller).get(LIST).content.decode()

    assert "Anna Virtanen" in text
    assert "Esimerkki Oy" not in text


def test_nobody_is_deleted_or_added_without_a_right(anna, officer, agent, client_of):
    delete = reverse("admin:contacts_contact_delete", args=[anna.pk])
    add = reverse("admin:contacts_contact_add")

    assert client_of(agent).post(delete, {"post": "yes"}).status_code == 403
    assert client_of(officer).get(add).status_code == 403
    assert "delete_selected" not in client_of(agent).get(LIST).content.decode()
    assert Contact.objects.filter(pk=anna.pk).exists()


@pytest.mark.parametrize(
    ("people", "name"), [(3, "agent"), (60, "agent"), (60, "officer")]
)
def test_it_takes_at_most_twelve_queries_however_many_people(
    company, request, client_of, django_assert_max_num_queries, people, name
):
    make_many(people, company)
    client = client_of(request.getfixturevalue(name))

    # Besides, the test client takes the role and gives it back.
    with django_assert_max_num_queries(12 + 2):
        response = client.get(LIST)

    assert len(response.context["cl"].result_list) == min(people, 50)


def test_pages_follow_each_other(company, agent, client_of):
    make_many(120, company)
    client = client_of(agent)

    seen = []
    for page in (1, 2, 3):
        rows = client.get(LIST, {"p": page}).context["cl"].result_list
        seen += [contact.last_name for contact in rows]

    assert seen == [f"Henkilö{number}" for number in range(119, -1, -1)]


def test_searching_looks_at_beginnings_of_words(anna, bruno, agent, client_of):
    search_words.refresh([anna.pk, bruno.pk])
    client = client_of(agent)

    def found(text):
        rows = client.get(LIST, {"q": text}).context["cl"].result_list
        return {contact.pk for contact in rows}

    assert found("mäk") == {bruno.pk}
    assert found("040 123") == {anna.pk}
    assert found("2327327-1") == {anna.pk, bruno.pk}
    assert found("!") == set()
    assert found(" ") == {anna.pk, bruno.pk}


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "q=anna%00",
        "q=%25%5C_",
        "q=%ff%fe",
        "q=" + "a+" * 3000,
        "p=0",
        "p=99999",
        "p=x",
        "o=99",
        "o=-1.2.x",
        "relationship__exact=%00",
        "relationship__exact=x",
        "source__exact=%00",
        "created_at_from=%00&created_at_to=x",
        "created_at_from=99999-01-01",
        "affiliations__company__id__exact=%00",
        "affiliations__company__id__exact=x",
        "first_name__regex=(",
        "id__in=x",
        "all=1",
        "e=1",
    ],
)
def test_odd_addresses_are_never_an_error_of_ours(anna, agent, client_of, query):
    assert client_of(agent).get(f"{LIST}?{query}", follow=True).status_code < 500
    assert client_of(agent).get(f"{COMPANIES}?{query}", follow=True).status_code < 500


def test_what_was_found_is_sorted_by_a_column(anna, bruno, agent, client_of):
    search_words.refresh([anna.pk, bruno.pk])
    Contact.objects.filter(pk=anna.pk).update(source="import")
    client = client_of(agent)

    def found(**query):
        asked = {"q": "esimerkki", **query}
        return [row.pk for row in client.get(LIST, asked).context["cl"].result_list]

    # The first column is that of the boxes.
    assert found(o="1") == [bruno.pk, anna.pk]
    assert found(o="-1") == [anna.pk, bruno.pk]
    assert found(o="1", source__exact="import") == [anna.pk]
    assert found(o="1", q="zzz") == []


def test_searching_and_sorting_take_few_queries(
    company, agent, client_of, django_assert_max_num_queries
):
    make_many(60, company)
    search_words.refresh(Contact.objects.values_list("pk", flat=True))
    client = client_of(agent)

    # With taking the role and giving it back.
    with django_assert_max_num_queries(16):
        rows = client.get(LIST, {"q": "testi", "o": "1"}).context["cl"].result_list

    assert len(rows) == 50


def test_names_lead_to_pages_and_carry_no_search(anna, agent, client_of):
    search_words.refresh([anna.pk])

    text = client_of(agent).get(LIST, {"q": "virtanen"}).content.decode()

    page = reverse("admin:contacts_contact_page", args=[anna.pk])
    assert f'href="{page}"' in text
    assert "_changelist_filters" not in text


def test_filters_narrow_the_list(anna, bruno, agent, client_of):
    Contact.objects.filter(pk=bruno.pk).update(
        relationship="customer", language="sv", source="import"
    )
    client = client_of(agent)

    for query in (
        {"relationship__exact": "customer"},
        {"source__exact": "import"},
        {"language__exact": "sv"},
    ):
        rows = client.get(LIST, query).context["cl"].result_list
        assert [contact.pk for contact in rows] == [bruno.pk]


def test_the_people_of_a_company_can_be_listed(anna, company, agent, client_of):
    make_contact(first_name="Muu", last_name="Henkilö")
    query = {"affiliations__company__id__exact": str(company.pk)}

    rows = client_of(agent).get(LIST, query).context["cl"].result_list

    assert [contact.pk for contact in rows] == [anna.pk]


def test_more_people_of_a_company_than_a_page_holds_are_listed_once_each(
    company, agent, client_of
):
    make_many(60, company)
    query = {"affiliations__company__id__exact": str(company.pk), "o": "-1"}

    seen = []
    for page in (1, 2):
        found = client_of(agent).get(LIST, {**query, "p": page})
        seen += [row.last_name for row in found.context["cl"].result_list]

    names = [f"Henkilö{number}" for number in range(60)]
    assert seen == sorted(names, reverse=True)


def test_reading_the_list_is_recorded_without_the_words_searched(
    anna, agent, client_of
):
    client_of(agent).get(LIST, {"q": "virtanen"})

    entry = AuditEntry.objects.get(action="record.listed")
    assert entry.actor_id == str(agent.pk)
    assert entry.purpose == "customer_support"
    assert entry.object_type == "contacts.contact"
    assert set(entry.details) == {"count", "query"}
    assert "virtanen" not in str(entry.details)


# --- by day ------------------------------------------------------------------------------


def added_at(contact, moment):
    Contact.objects.filter(pk=contact.pk).update(created_at=moment)


def test_a_day_of_the_filter_is_a_whole_day_of_the_reader(
    officer, client_of, anna, bruno
):
    """Midnight in Helsinki is 22 or 21 o'clock UTC; the last day counts as a whole."""
    added_at(anna, datetime(2026, 3, 1, 22, 0, tzinfo=UTC))
    added_at(bruno, datetime(2026, 3, 2, 22, 0, tzinfo=UTC))

    def found(**days):
        page = client_of(officer).get(
            reverse("admin:contacts_contact_changelist"), days
        )
        return [row.first_name for row in page.context["cl"].result_list]

    assert found(created_at_from="2026-03-02", created_at_to="2026-03-02") == ["Anna"]
    assert found(created_at_from="2026-03-03") == ["Bruno"]
    assert found(created_at_to="2026-03-01") == []


@pytest.mark.parametrize(
    "day", ["2026-02-30", "soon", "%00", "9999-12-31", "0001-01-01"]
)
def test_what_is_no_day_is_no_error(officer, client_of, anna, day):
    for name in ("created_at_from", "created_at_to"):
        answer = client_of(officer).get(
            reverse("admin:contacts_contact_changelist"), {name: day}, follow=True
        )

        assert answer.status_code == 200
