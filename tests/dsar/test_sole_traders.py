"""What a sole trader's company is to the person, and a limited company is not."""

from __future__ import annotations

import pytest

from contacts.models import Affiliation, Company, CompanyWord
from contacts.selectors import search
from contacts.services import search_words
from dsar import scope
from dsar.services import erasure_rows
from register import actors
from register.datamap.declarations import SELF, Subject
from register.datamap.graph import graph
from register.datamap.paths import PathError, compile_path
from register.services import protections
from tests.conftest import make_contact
from tests.dsar.erasure_factory import erase, erasure_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def trader():
    company = Company.objects.create(
        name="Toiminimi Tiina", kind="sole_trader", town="Rauma", source="staff"
    )
    tiina = make_contact(first_name="Tiina", last_name="Salo", company=company)
    search_words.refresh_of_companies([company.pk])
    return tiina


def chosen(*people):
    return erasure_rows.select(scope.Scope(tuple(person.pk for person in people)))


def company_of(person):
    return person.affiliations.get().company


def test_the_company_of_a_sole_trader_goes_with_its_words(trader):
    company = company_of(trader)

    selection = chosen(trader)

    words = set(CompanyWord.objects.values_list("pk", flat=True))
    assert selection.delete["contacts.Company"] == {company.pk}
    assert selection.delete["contacts.CompanyWord"] == words
    assert "contacts.Company" not in selection.rewrite
    assert words


def test_it_stays_while_somebody_else_belongs_to_it_and_goes_with_the_last(trader):
    company = company_of(trader)
    helper = make_contact(first_name="Heikki", last_name="Apu", company=company)

    assert "contacts.Company" not in chosen(trader).delete
    assert chosen(trader).rewrite["contacts.Company"] == {company.pk}
    assert chosen(trader, helper).delete["contacts.Company"] == {company.pk}


@pytest.fixture
def helpers(trader, officer):
    """Two who work for the trader, whose address is protected."""
    company = company_of(trader)
    found = [
        make_contact(first_name=name, last_name="Apu", company=company)
        for name in ("Heikki", "Helmi")
    ]
    protect(trader, officer)
    assert found_by("Toiminimi") == set()
    return found


def protect(person, officer):
    protections.protect(person.pk, ground="own_request", actor=actors.of_user(officer))


def found_by(word):
    return {found.pk for found in search(word)}


def words_of_companies():
    return set(CompanyWord.objects.values_list("company_id", "word"))


def test_colleagues_are_found_by_the_company_when_the_protected_person_is_erased(
    trader, helpers, officer, second_officer
):
    Company.objects.update(name="Toiminimi Tiina Salo")
    search_words.refresh_of_companies([company_of(trader).pk])
    request = erasure_request(trader, officer)

    erase(request, officer, second_officer)

    assert request.outcome == "erased", request.plan.left_over
    assert found_by("Toiminimi") == {helper.pk for helper in helpers}
    assert found_by("Salo") == set()
    name = Company.objects.get().name
    assert name == "Toiminimi […]"
    assert words_of_companies() == {
        (company_of(helpers[0]).pk, word)
        for word in ("toiminimi", search_words.key_of_company(name))
    }


def test_they_are_not_while_another_of_them_is_protected(
    trader, helpers, officer, second_officer
):
    protect(helpers[1], officer)

    erase(erasure_request(trader, officer), officer, second_officer)

    assert found_by("Toiminimi") == set()
    assert found_by("Heikki") == {helpers[0].pk}


def test_a_limited_company_stays_when_its_last_person_goes(anna, company):
    selection = chosen(anna)

    assert "contacts.Company" not in selection.delete
    assert selection.rewrite["contacts.Company"] == {company.pk}
    assert "contacts.CompanyWord" not in selection.delete | selection.rewrite


def test_a_person_with_both_keeps_only_the_limited_company(trader, company):
    own = company_of(trader)
    Affiliation.objects.create(contact=trader, company=company, source="staff")

    selection = chosen(trader)

    assert selection.delete["contacts.Company"] == {own.pk}
    assert selection.rewrite["contacts.Company"] == {company.pk}


def test_words_of_a_sole_trader_are_about_the_person_and_others_are_not(
    trader, anna, company
):
    search_words.refresh_of_companies([company.pk])
    entry = graph()["contacts.CompanyWord"]

    def words_of(person):
        in_roles = scope.rows_in_roles(entry, scope.Scope((person.pk,)))
        sql = " OR ".join(f"id IN ({rows.sql})" for rows in in_roles)
        return CompanyWord.objects.extra(where=[sql]).count()  # noqa: S610

    of_trader = CompanyWord.objects.filter(company=company_of(trader)).count()
    assert (words_of(trader), words_of(anna)) == (of_trader, 0)
    assert of_trader > 0


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (("colour", "red"), "has no field 'colour'"),
        (("kind", "club"), "is never 'club'"),
        (("affiliations__source", "staff"), "is not a foreign key"),
        (("name", "O'Brien"), "is no code"),
    ],
)
def test_a_condition_that_cannot_be_met_is_an_error(when, why):
    with pytest.raises(PathError, match=why):
        compile_path(Company, Subject("owner", path="affiliations__contact", when=when))


def test_a_condition_holds_for_a_table_of_persons_too():
    contact = graph().root("contact").model

    path, end = compile_path(
        contact, Subject("customer", path=SELF, when=("relationship", "customer"))
    )

    assert end is contact
    assert path.when == "t0.\"relationship\" = 'customer'"
