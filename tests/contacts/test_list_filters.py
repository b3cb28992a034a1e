"""Filters of the lists of people and companies: what they find, and whom they answer."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone

from consent.models import Prohibition
from consent.services import prohibitions
from contacts import list_filters
from contacts.models import (
    Affiliation,
    Company,
    CompanyPair,
    Contact,
    ContactPair,
    ContactPoint,
    Duty,
    InferredInterest,
    Interest,
    Service,
    ServiceAgreement,
    Topic,
)
from contacts.services import search_words
from register import actors
from register.models import FieldRule, Role, RoleRight, SavedView, Team
from register.services import protections
from tests.conftest import make_contact, make_user

LIST = reverse("admin:contacts_contact_changelist")
COMPANIES = reverse("admin:contacts_company_changelist")
FORM = reverse("admin:contacts_contact_filters")

pytestmark = pytest.mark.django_db


def found(client, query, url=LIST):
    page = client.get(f"{url}?{query}")
    assert page.status_code == 200, page
    rows = page.context["cl"].result_list
    return {getattr(row, "last_name", None) or row.name for row in rows}


def _sales():
    return Role.objects.get(code="sales").pk


@pytest.fixture
def people(company, seller):
    """Some people who differ in all that is asked, by the answer that finds each."""
    at_work = make_contact(last_name="Work", company=company, email="w@x.example")
    at_work.language, at_work.responsible = "fi", seller
    at_work.team = Team.objects.create(name="North")
    at_work.informed_at = timezone.now()
    at_work.save()
    duty = Duty.objects.first()
    at_work.affiliations.update(duties=[duty.code])
    Company.objects.filter(pk=company.pk).update(status="customer", kind="association")
    bare = make_contact(last_name="Bare", phone="+358401234567", source="import")
    ended = make_contact(last_name="Ended", company=company, email="e@x.example")
    ended.affiliations.update(valid_to=timezone.localdate() - timedelta(days=1))
    ended.points.update(undeliverable_since=timezone.now())
    topic = Topic.objects.first()
    Interest.objects.create(contact=at_work, topic=topic, source="person")
    InferredInterest.objects.create(
        contact=ended, topic=topic, concluded_from="brochures", source="staff"
    )
    first, second = sorted([bare, ended], key=lambda each: each.pk)
    ContactPair.objects.create(first=first, second=second, points=80, features=["name"])
    Contact.objects.exclude(pk=bare.pk).update(source="person")
    search_words.refresh([at_work.pk, bare.pk, ended.pk])
    return {"duty": duty.code, "topic": topic.pk, "team": at_work.team.pk}


def test_every_answer_finds_those_it_speaks_of(people, seller, client_of):
    colleague = make_user("colleague", "sales")
    client = client_of(seller)
    everybody = {"Work", "Bare", "Ended"}
    answers = {
        "has_email=yes": {"Work", "Ended"},
        "has_email=none": {"Bare"},
        "has_email=undeliverable": {"Ended"},
        "has_phone=yes": {"Bare"},
        "has_phone=none": {"Work", "Ended"},
        "has_phone=undeliverable": set(),
        "role=yes": {"Work"},
        "role=none": {"Bare", "Ended"},
        f"duty={people['duty']}": {"Work"},
        "customer_kind=association": {"Work"},
        "customer_kind=consumer": set(),
        "customer_status=customer": {"Work"},
        "customer_status=former": set(),
        "language__exact=none": {"Bare", "Ended"},
        "language__exact=fi": {"Work"},
        "responsible=me": {"Work"},
        f"responsible={seller.pk}": {"Work"},
        f"responsible={colleague.pk}": set(),
        "responsible=nobody": {"Bare", "Ended"},
        f"team={people['team']}": {"Work"},
        f"interest={people['topic']}": {"Work"},
        f"concluded={people['topic']}": {"Ended"},
        "to_inform=open": {"Bare"},
        "to_inform=overdue": set(),
        "duplicate=open": {"Bare", "Ended"},
        "duplicate=open&has_email=none": {"Bare"},
        "has_email=&role=": everybody,
    }
    assert {query: found(client, query) for query in answers} == answers


def test_companies_are_found_by_what_their_list_asks(
    people, company, seller, client_of
):
    empty = Company.objects.create(
        name="Empty Oy", town="Jyväskylä", responsible=seller, source="staff"
    )
    ServiceAgreement.objects.create(
        company=company, service=Service.objects.first(), source="staff"
    )
    first, second = sorted([company, empty], key=lambda each: each.pk)
    CompanyPair.objects.create(first=first, second=second, points=80, features=[])
    client, both = client_of(seller), {company.name, "Empty Oy"}
    answers = {
        "in_town=jyväskylä": {"Empty Oy"},
        "responsible=me": {"Empty Oy"},
        "responsible=nobody": {company.name},
        "agreement=yes": {company.name},
        "agreement=none": {"Empty Oy"},
        "people=yes": {company.name},
        "people=none": {"Empty Oy"},
        "duplicate=open": both,
        "status__exact=customer&kind__exact=association": {company.name},
    }
    assert {q: found(client, q, COMPANIES) for q in answers} == answers


def test_who_refuses_is_found_by_channel_also_by_an_address_added_later(
    marketer, client_of
):
    client = client_of(marketer)
    anna = make_contact(last_name="Anna", email="anna@x.example")
    actor = actors.of_user(marketer)
    terms = {
        "channel": Prohibition.Channel.EMAIL,
        "purpose": Prohibition.Purpose.MARKETING,
        "method": Prohibition.Method.STAFF,
        "actor": actor,
    }
    prohibitions.add("anna@x.example", **terms)
    prohibitions.add("bruno@x.example", **terms)
    assert found(client, "refuses=email-marketing") == {"Anna"}

    bruno = make_contact(last_name="Bruno", email="bruno@x.example")
    search_words.refresh([anna.pk, bruno.pk])

    assert found(client, "refuses=email-marketing") == {"Anna", "Bruno"}
    assert found(client, "refuses=phone-marketing") == set()


@pytest.mark.parametrize(
    ("category", "query"),
    [
        ("company", "role=none"),
        ("company", "duty=invoicing"),
        ("company", "customer_status=customer"),
        ("classification", "interest=1"),
        ("information", "to_inform=open"),
        ("prohibitions", "refuses=email-marketing"),
        ("profile", "concluded=1"),
        ("imports", "import=8d3f9a1e-0000-4000-8000-000000000000"),
    ],
)
def test_without_the_right_a_filter_is_neither_offered_nor_answered(
    people, seller, client_of, category, query
):
    RoleRight.objects.filter(category=category).delete()
    client = client_of(seller)
    name = query.partition("=")[0]

    assert f'name="{name}"' not in client.get(FORM).content.decode()
    assert client.get(f"{LIST}?{query}").status_code == 400
    view = SavedView.objects.create(
        owner=seller, screen="contacts.contact", name="V", filters=[query]
    )
    page = client.get(LIST, {"view": str(view.pk)}, follow=True)
    assert "may not see" in page.content.decode()


def test_a_field_that_is_hidden_is_not_asked_about(people, seller, client_of):
    role = _sales()
    for field in (
        "contacts.contactpoint.value:phone",
        "contacts.contact.language",
        "contacts.affiliation.duties",
    ):
        FieldRule.objects.create(role_id=role, field=field, level="hidden")
    client = client_of(seller)
    form = client.get(FORM).content.decode()

    assert 'name="has_email"' in form
    for query in ("has_phone=none", "language__exact=fi", "duty=invoicing"):
        assert f'name="{query.partition("=")[0]}"' not in form
        assert client.get(f"{LIST}?{query}").status_code == 400


def test_own_companies_do_not_tell_who_works_elsewhere(people, seller, client_of):
    """Whose roles are out of reach would else be taken for somebody without one."""
    RoleRight.objects.filter(role_id=_sales(), category="company").update(scope="own")
    client = client_of(seller)

    assert found(client, "role=none") == set()
    assert found(client, "role=yes") == {"Work"}
    assert found(client, "customer_status=customer") <= {"Work"}


def test_nothing_tells_where_somebody_with_a_protected_address_works(
    people, officer, seller, client_of
):
    contact = Contact.objects.get(last_name="Work")
    protections.protect(
        contact.pk, ground="non_disclosure", actor=actors.of_user(officer)
    )
    client = client_of(seller)

    for query in ("role=yes", "role=none", "customer_kind=association"):
        assert "Work" not in found(client, query)


def test_the_form_leaves_out_what_is_empty_and_keeps_the_search(
    people, seller, client_of
):
    client = client_of(seller)
    form = client.get(FORM, {"q": "~abc", "o": "-0", "role": "none", "p": "3"})
    text = form.content.decode()
    assert 'name="q" value="~abc"' in text
    assert 'name="o" value="-0"' in text
    assert 'name="p"' not in text
    assert '<option value="none" selected>' in " ".join(text.split())

    sent = client.get(LIST, {"filtering": "1", "role": "none", "duty": "", "o": "-0"})

    assert parse_qs(urlsplit(sent["Location"]).query) == {
        "role": ["none"],
        "o": ["-0"],
        "view": ["all"],
    }


def test_what_is_chosen_is_said_and_each_can_be_taken_away(people, seller, client_of):
    page = client_of(seller).get(
        LIST, {"role": "none", "language__exact": "none", "responsible": "nobody"}
    )

    chosen = {each["words"]: each["url"] for each in page.context["chosen_filters"]}
    assert list(chosen) == [
        "Language: not known",
        "Responsible: nobody",
        "Role at a company: has none now",
    ]
    assert "role" not in chosen["Role at a company: has none now"]
    assert "language__exact=none" in chosen["Role at a company: has none now"]


def test_a_view_keeps_filters_and_me_is_whoever_opens_it(people, seller, client_of):
    other = make_user("other", "sales")
    client_of(seller).post(
        reverse("admin:contacts_contact_views"),
        {
            "query": "responsible=me&role=yes",
            "do": "save",
            "name": "Mine",
            "shared": "everybody",
        },
    )
    view = SavedView.objects.get()

    assert view.filters == ["responsible=me", "role=yes"]
    for user, names in ((seller, {"Work"}), (other, set())):
        page = client_of(user).get(LIST, {"view": str(view.pk)}, follow=True)
        assert {row.last_name for row in page.context["cl"].result_list} == names


@pytest.mark.parametrize(
    "query",
    ["has_email=x", "responsible=x", "team=x", "interest=9999999999", "duplicate=%00"],
)
def test_what_is_no_answer_finds_nobody(people, seller, client_of, query):
    page = client_of(seller).get(f"{LIST}?{query}")

    if page.status_code == 200:
        assert list(page.context["cl"].result_list) == []
    else:
        assert page.status_code == 400  # what no text may hold


def test_roles_that_end_by_the_calendar_are_found_without_a_write(people):
    Affiliation.objects.filter(contact__last_name="Work").update(
        valid_to=timezone.localdate() - timedelta(days=1)
    )
    search_words.refresh_turned_roles()

    role = list_filters.named(Contact, "role")
    rows = Contact.objects.filter(role.condition("none", None))
    assert rows.filter(last_name="Work").exists()
    assert ContactPoint.objects.filter(contact__last_name="Work").exists()
