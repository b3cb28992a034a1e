"""Lists answer their own filters; an address typed by hand asks for no more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from register.models import AuditEntry

pytestmark = pytest.mark.django_db

CONTACTS = "admin:contacts_contact_changelist"
CALLS = "admin:communications_call_changelist"
REQUESTS = "admin:dsar_request_changelist"


@pytest.mark.parametrize(
    ("name", "page", "query"),
    [
        ("marketer", CONTACTS, "calls__isnull=False"),
        ("marketer", CONTACTS, "chat_participations__isnull=False"),
        ("seller", CALLS, "recording__isnull=False"),
        ("seller", CALLS, "recording__id__gt=1"),
        ("auditor", REQUESTS, "name__startswith=A"),
        ("auditor", REQUESTS, "other_identifiers__contains=a"),
        ("auditor", REQUESTS, "findings__isnull=False"),
    ],
)
def test_a_filter_typed_by_hand_tells_nothing_of_what_its_reader_may_not_see(
    request, client_of, name, page, query
):
    user = request.getfixturevalue(name)

    answer = client_of(user).get(f"{reverse(page)}?{query}")

    assert answer.status_code == 400
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    "query", ["created_at__year=9999999", "first_name__unaccent=a", "source__regex=("]
)
def test_a_question_that_no_filter_asks_is_refused_before_the_database_meets_it(
    agent, client_of, query
):
    assert client_of(agent).get(f"{reverse(CONTACTS)}?{query}").status_code == 400


def test_filters_of_lists_still_ask(officer, client_of):
    browser = client_of(officer)

    for page, query in (
        (CONTACTS, "relationship__exact=customer"),
        (CALLS, "direction__exact=in"),
        (REQUESTS, "deadline=open&state__exact=closed"),
        ("admin:register_hold_changelist", "state=in_force"),
        ("admin:register_user_changelist", "is_active__exact=1"),
        ("admin:register_auditentry_changelist", "object_type=contacts.contact"),
    ):
        assert browser.get(f"{reverse(page)}?{query}").status_code == 200


@pytest.mark.parametrize("name", ["agent", "seller", "marketer"])
def test_who_looked_at_a_person_is_shown_to_those_who_may_see_the_trail_alone(
    anna, request, client_of, name
):
    user = request.getfixturevalue(name)
    page = reverse("admin:contacts_contact_history", args=[anna.pk])

    assert client_of(user).get(page).status_code == 403


def test_the_history_of_nothing_is_refused_as_that_of_something(stranger, client_of):
    page = reverse(
        "admin:contacts_contact_history", args=[datetime.now(UTC).isoformat()]
    )

    assert client_of(stranger).get(page).status_code == 403


def test_the_way_to_the_history_is_shown_to_those_who_may_go_it(
    company, agent, officer, client_of
):
    page = reverse("admin:contacts_company_change", args=[company.pk])
    history = reverse("admin:contacts_company_history", args=[company.pk])

    assert history not in client_of(agent).get(page).content.decode()
    assert history in client_of(officer).get(page).content.decode()
