"""Saved views and columns of lists: what they keep, who sees them, and what they betray."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse

from register import actors
from register.models import (
    FieldRule,
    ListPreference,
    Role,
    SavedView,
    Team,
    TeamMembership,
)
from register.services import saved_views
from register.staff_site.searched_words import seal
from tests.conftest import make_contact, make_user

LIST = reverse("admin:contacts_contact_changelist")
COMPANIES = reverse("admin:contacts_company_changelist")
VIEWS = reverse("admin:contacts_contact_views")
COLUMNS = reverse("admin:contacts_contact_columns")
SCREEN = "contacts.contact"

pytestmark = pytest.mark.django_db


def made(user, **kwargs):
    asked = {
        "name": "Customers",
        "shared": "nobody",
        "filters": ["relationship__exact=customer"],
        "columns": [],
        "order": "",
        **kwargs,
    }
    return saved_views.save(SCREEN, actor=actors.of_user(user), **asked)


def tabs(client, **query):
    page = client.get(LIST, query or {"view": "all"}, follow=True)
    return [tab["view"].name for tab in page.context["saved_views"]]


def shown(page):
    return [row.last_name for row in page.context["cl"].result_list]


def sent(client, query, **fields):
    return client.post(VIEWS, {"query": query, **fields}, follow=True)


def test_a_list_is_kept_with_filters_order_and_columns(anna, bruno, seller, client_of):
    make_contact(first_name="Kaisa", last_name="Asiakas", relationship="customer")
    client = client_of(seller)
    client.post(COLUMNS, {"column": ["language", "email"], "query": ""})

    page = sent(
        client, "relationship__exact=customer&o=-1", do="save", name="Customers"
    )

    view = SavedView.objects.get()
    assert view.filters == ["relationship__exact=customer"]
    assert view.columns == ["name", "email", "language"]
    assert view.owner == seller
    assert shown(page) == ["Asiakas"]
    assert page.context["saved_view"] == view
    assert [c["code"] for c in page.context["list_columns"] if c["is_shown"]] == [
        "name",
        "email",
        "language",
    ]


def test_what_was_searched_is_never_kept(anna, seller, client_of):
    sealed = seal("virtanen", user=seller)

    sent(
        client_of(seller),
        f"q={sealed}&relationship__exact=customer",
        do="save",
        name="Found",
    )

    assert SavedView.objects.get().filters == ["relationship__exact=customer"]


def test_a_town_is_kept_whatever_its_letters(seller, client_of):
    query = "in_town=Koski+Tl+%C3%84%C3%A4nekoski&status__exact=customer"

    page = client_of(seller).post(
        reverse("admin:contacts_company_views"),
        {"query": query, "do": "save", "name": "Äänekoski"},
        follow=True,
    )

    assert SavedView.objects.get().filters == [
        "in_town=Koski Tl Äänekoski",
        "status__exact=customer",
    ]
    assert page.context["cl"].params["in_town"] == "Koski Tl Äänekoski"


@pytest.mark.parametrize(
    "query",
    [
        "affiliations__company__id__exact=" + str(uuid.UUID(int=7)),
        "source__exact=Matti+Meikäläinen",
    ],
)
def test_what_names_somebody_is_refused(seller, client_of, query):
    page = sent(client_of(seller), query, do="save", name="Of one")

    assert "does not keep" in page.content.decode()
    assert page.status_code == 200
    assert not SavedView.objects.exists()


def test_a_personal_identity_code_is_no_name(seller, client_of):
    sent(client_of(seller), "", do="save", name="131052-308T")

    assert not SavedView.objects.exists()


def test_views_are_seen_by_those_with_whom_they_are_shared(seller, agent, client_of):
    team = Team.objects.create(name="North")
    TeamMembership.objects.create(team=team, user=seller)
    TeamMembership.objects.create(team=team, user=agent)
    other = make_user("other", "sales")
    sales = Role.objects.get(code="sales").pk
    made(seller, name="Mine")
    made(seller, name="Team", shared=f"team:{team.pk}")
    made(seller, name="Role", shared=f"role:{sales}")
    made(seller, name="All of us", shared="everybody")

    assert tabs(client_of(seller)) == ["Mine", "Team", "Role", "All of us"]
    assert tabs(client_of(agent)) == ["Team", "All of us"]
    assert tabs(client_of(other)) == ["Role", "All of us"]


@pytest.mark.parametrize("shared", ["team:1", "role:1", "team:x", "all", "role", ""])
def test_nobody_shares_with_teams_and_roles_of_others(seller, client_of, shared):
    Team.objects.create(pk=1, name="South")

    page = sent(client_of(seller), "", do="save", name="X", shared=shared)

    assert page.status_code == 200
    assert not SavedView.objects.exists()


def test_a_shared_view_shows_each_reader_his_own_rows(seller, agent, client_of):
    view = made(seller, shared="everybody")
    make_contact(last_name="Mine", relationship="customer", responsible=agent)
    make_contact(last_name="Other", relationship="customer")
    Role.objects.get(code="service").rights.filter(category="identity").update(
        scope="own"
    )

    assert set(shown(client_of(seller).get(LIST, {"view": view.pk}, follow=True))) == {
        "Mine",
        "Other",
    }
    assert shown(client_of(agent).get(LIST, {"view": view.pk}, follow=True)) == ["Mine"]


def test_a_view_by_what_one_may_not_see_cannot_be_used(anna, seller, agent, client_of):
    view = made(seller, filters=["language__exact=fi"], shared="everybody")
    FieldRule.objects.create(
        role=Role.objects.get(code="service"),
        field="contacts.contact.language",
        level="hidden",
    )

    page = client_of(agent).get(LIST, {"view": view.pk}, follow=True)

    assert "asks for something that you may not see" in page.content.decode()
    assert page.context["saved_view"] is None
    assert page.redirect_chain[-1][0] == f"{LIST}?view=all"
    assert not page.context["saved_views"][0]["is_usable"]
    assert "language" not in {c["code"] for c in page.context["list_columns"]}


def test_only_the_owner_changes_a_view(seller, agent, client_of):
    view = made(seller, shared="everybody")
    client = client_of(agent)

    for do in ("rename", "look", "delete"):
        sent(client, "", do=do, view=view.pk, name="Taken", shared="nobody")

    view.refresh_from_db()
    assert (view.name, view.shared) == ("Customers", "everybody")


def test_a_view_is_renamed_shared_ordered_and_deleted(seller, agent, client_of):
    first, second = made(seller), made(seller, name="Prospects", shared="everybody")
    client = client_of(seller)

    sent(client, "", do="left", view=second.pk)
    assert tabs(client) == ["Prospects", "Customers"]
    assert tabs(client_of(agent)) == ["Prospects"]
    sent(client, "", do="rename", view=second.pk, name="Leads", shared="nobody")
    assert tabs(client_of(agent)) == []
    sent(client, "", do="delete", view=first.pk)
    assert tabs(client) == ["Leads"]


def test_the_list_begins_with_the_view_one_chose(seller, client_of):
    make_contact(last_name="Asiakas", relationship="customer")
    make_contact(last_name="Muu", relationship="other")
    view = made(seller)
    client = client_of(seller)
    sent(client, "", do="first", view=view.pk)

    assert shown(client.get(LIST, follow=True)) == ["Asiakas"]
    assert len(shown(client.get(LIST, {"view": "all"}))) == 2
    SavedView.objects.all().delete()
    assert len(shown(client.get(LIST))) == 2
    assert ListPreference.objects.get().first_view is None


def test_a_view_that_is_gone_says_so(seller, client_of):
    page = client_of(seller).get(LIST, {"view": uuid.UUID(int=7)}, follow=True)

    assert "That view is gone" in page.content.decode()


@pytest.mark.parametrize(
    "fields",
    [{"do": "x", "view": "x"}, {"do": ""}, {"do": "delete"}, {"do": "x", "view": "1"}],
)
def test_odd_posts_are_refused(seller, client_of, fields):
    assert client_of(seller).post(VIEWS, fields).status_code == 400


def test_without_the_list_there_are_no_views(stranger, client_of):
    client = client_of(stranger)

    assert client.post(VIEWS, {"do": "save", "name": "X"}).status_code == 403
    assert client.post(COLUMNS, {"column": "email"}).status_code == 403
    assert client.get(LIST, {"view": "all"}).status_code == 403
    assert not SavedView.objects.exists()


def test_every_column_can_be_shown(anna, company, seller, client_of):
    client = client_of(seller)
    for address in (LIST, COMPANIES):
        offered = [c["code"] for c in client.get(address).context["list_columns"]]
        client.post(f"{address}columns/", {"column": offered})

        page = client.get(address)

        assert [c["code"] for c in page.context["list_columns"] if c["is_shown"]] == (
            offered
        )
        assert page.status_code == 200


def test_a_masked_column_is_shown_masked(company, anna, seller, client_of):
    FieldRule.objects.create(
        role=Role.objects.get(code="sales"),
        field="contacts.affiliation.job_title",
        level="masked",
    )
    anna.affiliations.update(job_title="Ylilääkäri")
    client = client_of(seller)
    client.post(COLUMNS, {"column": ["job_title"]})

    text = client.get(LIST).content.decode()

    assert "Ylilääkäri" not in text
    assert "Job title" in text


def test_a_list_with_views_and_columns_takes_few_queries(
    seller, officer, client_of, django_assert_max_num_queries
):
    for number in range(60):
        make_contact(last_name=f"N{number}", responsible=seller)
    for number in range(3):
        made(seller, name=f"V{number}", shared="everybody")
    for user, most in ((seller, 11), (officer, 12)):
        client = client_of(user)
        offered = [c["code"] for c in client.get(LIST).context["list_columns"]]
        client.post(COLUMNS, {"column": offered})

        # Besides, the test client takes the role and gives it back.
        with django_assert_max_num_queries(most + 2):
            client.get(LIST)
