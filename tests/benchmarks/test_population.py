"""The people made for benchmarks are as the services would have made them."""

from __future__ import annotations

import pytest
from django.db import connection

from benchmarks import population
from contacts.models import Affiliation, Company, CompanyWord, Contact, ContactWord
from contacts.services import search_words
from register.identifiers import normalise_business_id

pytestmark = pytest.mark.django_db(transaction=True)


def indexes_and_constraints() -> set[str]:
    # Without casts and brackets: PostgreSQL words a condition anew when it reads it again.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT regexp_replace(pg_get_indexdef(indexrelid),"
            r" '::character varying|::text|\[\]|[()]', '', 'g') FROM pg_index WHERE indrelid = ANY(%s::regclass[])"
            " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = ANY(%s::regclass[])",
            [list(population.TABLES)] * 2,
        )
        return {row[0] for row in cursor.fetchall()}


def test_the_population_has_the_words_the_service_would_write_and_all_indexes():
    before = indexes_and_constraints()
    population.fill(380)
    population.fill(400)  # few more: beside the indexes
    population.fill(300)  # enough there

    assert Contact.objects.count() == 400
    assert Affiliation.objects.count() > 200
    assert indexes_and_constraints() == before
    for company in Company.objects.exclude(business_id=""):
        assert normalise_business_id(company.business_id) == company.business_id
    stored = set(ContactWord.objects.values_list("pk", "contact", "word"))
    of_companies = set(CompanyWord.objects.values_list("pk", "company", "word"))
    assert len(stored) > 3000
    search_words.refresh_of_companies(Company.objects.values_list("pk", flat=True))
    search_words.refresh(Contact.objects.values_list("pk", flat=True))
    assert set(ContactWord.objects.values_list("pk", "contact", "word")) == stored
    assert set(CompanyWord.objects.values_list("pk", "company", "word")) == of_companies
