"""Fields that complete what is typed: names for those who may see them, and a record."""

from __future__ import annotations

import pytest
from django.urls import reverse

from contacts.services import search_words
from register.models import AuditEntry

ADDRESS = reverse("admin:autocomplete")
COMPANIES = {
    "app_label": "contacts",
    "model_name": "affiliation",
    "field_name": "company",
}
PEOPLE = {"app_label": "contacts", "model_name": "affiliation", "field_name": "contact"}


@pytest.fixture
def words(company, anna, bruno):
    search_words.refresh_of_companies([company.pk])


def test_companies_are_called_by_name_and_number(words, company, agent, client_of):
    response = client_of(agent).get(ADDRESS, COMPANIES | {"term": "esim"})

    assert response.json()["results"] == [
        {"id": str(company.pk), "text": "Esimerkki Oy, 2327327-1"}
    ]


def test_people_are_called_by_name_address_and_company(words, anna, agent, client_of):
    response = client_of(agent).get(ADDRESS, PEOPLE | {"term": "040 123"})

    assert response.json()["results"] == [
        {
            "id": str(anna.pk),
            "text": "Anna Virtanen, anna.virtanen@esimerkki.example, Esimerkki Oy",
        }
    ]


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger"])
@pytest.mark.parametrize("field", [COMPANIES, PEOPLE])
def test_others_are_refused(words, request, client_of, name, field):
    response = client_of(request.getfixturevalue(name)).get(
        ADDRESS, field | {"term": "a"}
    )

    assert response.status_code == 403
    assert not AuditEntry.objects.filter(action="register.searched").exists()


def test_a_search_is_recorded_without_its_words(words, agent, client_of):
    client_of(agent).get(ADDRESS, PEOPLE | {"term": "virtanen"})

    entry = AuditEntry.objects.get(action="register.searched")
    assert (entry.actor_id, entry.object_type) == (str(agent.pk), "contacts.contact")
    assert entry.details["count"] == 1
    assert "virtanen" not in str(entry.details)


def test_it_takes_few_queries(words, agent, client_of, django_assert_max_num_queries):
    client = client_of(agent)

    with django_assert_max_num_queries(12):
        response = client.get(ADDRESS, PEOPLE | {"term": ""})

    assert len(response.json()["results"]) == 2


@pytest.mark.parametrize(
    "query",
    [
        {"term": "\0"},
        {"term": "a" * 5000},
        {"term": "%_\\"},
        {"page": "x"},
        {"page": "999"},
        {"field_name": "x"},
        {"field_name": "job_title"},
        {"model_name": "x"},
    ],
)
def test_odd_questions_are_no_error_of_ours(words, agent, client_of, query):
    response = client_of(agent).get(ADDRESS, PEOPLE | query)

    assert response.status_code in {200, 403, 404}
