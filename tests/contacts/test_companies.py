"""The list and form of companies."""

from __future__ import annotations

import pytest
from django.urls import reverse

from contacts.models import Affiliation, Company
from contacts.selectors import search, search_companies
from contacts.services import search_words
from register.models import AuditEntry, RoleRight
from tests.conftest import make_contact

LIST = reverse("admin:contacts_company_changelist")
ADD = reverse("admin:contacts_company_add")


def change_of(company) -> str:
    return reverse("admin:contacts_company_change", args=[company.pk])


def form_data(**values):
    return {
        "name": "Uusi Oy",
        "kind": "company",
        "status": "prospect",
        "business_id": "",
        "street": "",
        "postcode": "",
        "town": "",
        "source": "staff",
        **values,
    }


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("2327327-1", "2327327-1"),
        ("23273271", "2327327-1"),
        (" FI23273271 ", "2327327-1"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_a_new_company_keeps_its_business_id_in_one_spelling(
    agent, client_of, typed, kept
):
    response = client_of(agent).post(ADD, form_data(business_id=typed))

    company = Company.objects.get()
    assert response.status_code == 302
    assert company.business_id == kept
    assert set(search_companies("uusi")) == {company}
    entry = AuditEntry.objects.get(action="record.added")
    assert entry.object_id == str(company.pk)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"business_id": "2327327-2"}, "The check digit of the business id is wrong."),
        ({"business_id": "abc"}, "This is not a business id"),
        (
            {"business_id": "2327327-1"},
            "A company with this business id exists already.",
        ),
        (
            {"business_id": "23273271"},
            "A company with this business id exists already.",
        ),
        ({"name": ""}, "This field is required."),
        ({"name": "Tmi 131052-308T"}, "personal identity code"),
        ({"name": "nul\0"}, "Null characters"),
    ],
)
def test_what_is_wrong_is_refused(company, agent, client_of, values, sentence):
    response = client_of(agent).post(ADD, form_data(**values))

    errors = response.context["adminform"].form.errors
    assert sentence in " ".join(str(e) for es in errors.values() for e in es)
    assert list(Company.objects.all()) == [company]


def test_a_new_name_reaches_the_search_of_its_people(company, anna, agent, client_of):
    search_words.refresh_of_companies([company.pk])

    client_of(agent).post(
        change_of(company), form_data(name="Toinen Ab", business_id="2327327-1")
    )

    assert set(search("toinen")) == {anna}
    assert not search("esimerkki oy").exists()
    entry = AuditEntry.objects.get(action="record.changed")
    assert entry.details == {"fields": ["name"]}


def test_its_people_are_listed_with_links(company, anna, agent, client_of):
    text = client_of(agent).get(change_of(company)).content.decode()

    assert "Anna Virtanen" in text
    assert reverse("admin:contacts_contact_page", args=[anna.pk]) in text
    entry = AuditEntry.objects.get(action="record.listed")
    assert (entry.object_type, entry.details) == ("contacts.contact", {"count": 1})


def test_its_people_are_for_those_who_may_see_people(company, anna, agent, client_of):
    RoleRight.objects.filter(category="identity").delete()

    response = client_of(agent).get(change_of(company))

    assert response.status_code == 200
    assert "Esimerkki Oy" in response.content.decode()
    assert "Virtanen" not in response.content.decode()
    assert not AuditEntry.objects.filter(action="record.listed").exists()


def test_a_large_company_shows_some_of_its_people(
    company, agent, client_of, django_assert_max_num_queries
):
    for number in range(55):
        make_contact(last_name=f"Henkilö{number}", company=company)
    Affiliation.objects.filter(contact__last_name="Henkilö3").update(
        valid_to="2020-01-01"
    )
    client = client_of(agent)

    with django_assert_max_num_queries(26):
        response = client.get(change_of(company))

    text = response.content.decode()
    assert len(response.context["people"]) == 50
    assert "Show all 55 people" in text
    assert f"?affiliations__company__id__exact={company.pk}" in text
    assert "Henkilö3<" not in text


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger"])
def test_others_are_refused(company, request, client_of, name):
    client = client_of(request.getfixturevalue(name))

    codes = {
        client.get(LIST).status_code,
        client.get(change_of(company)).status_code,
        client.get(ADD).status_code,
        client.post(ADD, form_data()).status_code,
    }

    assert codes == {403}
    assert list(Company.objects.all()) == [company]


def test_companies_are_not_deleted_here(company, agent, client_of):
    delete = reverse("admin:contacts_company_delete", args=[company.pk])

    assert client_of(agent).post(delete, {"post": "yes"}).status_code == 403
    assert Company.objects.filter(pk=company.pk).exists()


def test_the_list_takes_few_queries(agent, client_of, django_assert_max_num_queries):
    for number in range(60):
        Company.objects.create(name=f"Yritys {number:02}", source="staff")
    client = client_of(agent)

    with django_assert_max_num_queries(13):
        response = client.get(LIST)

    names = [company.name for company in response.context["cl"].result_list]
    assert names == [f"Yritys {number:02}" for number in range(50)]


def test_an_unknown_company_is_no_error_of_ours(agent, client_of):
    client = client_of(agent)

    for number in ("x", "%00", "00000000-0000-0000-0000-000000000000"):
        response = client.get(f"/admin/contacts/company/{number}/change/", follow=True)
        assert response.status_code == 200


def test_a_company_added_beside_a_role_is_called_by_its_name(agent, client_of):
    response = client_of(agent).post(f"{ADD}?_popup=1", form_data() | {"_popup": "1"})

    assert '"obj": "Uusi Oy"' in response.context_data["popup_response_data"]
