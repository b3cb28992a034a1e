"""The page of a contact."""

from __future__ import annotations

import uuid
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from contacts import panels, timeline
from contacts.models import Affiliation, ContactPoint, PostalAddress
from contacts.panels import Notice, Tone
from register.actors import system
from register.datamap.vocabulary import Category
from register.models import AuditEntry, Hold, RoleRight
from register.services import holds
from tests.conftest import make_contact

CHOOSE = reverse("admin:contacts_purpose_choose")


def page_of(contact) -> str:
    return reverse("admin:contacts_contact_page", args=[contact.pk])


def test_it_shows_everything_about_the_person(anna, company, agent, client_of):
    ContactPoint.objects.create(
        contact=anna,
        kind="email",
        value="toinen@koti.example",
        label="koti",
        source="api",
    )
    PostalAddress.objects.create(
        contact=anna,
        street="Mannerheimintie 1",
        postcode="00100",
        town="Helsinki",
        source="staff",
    )
    Affiliation.objects.filter(contact=anna).update(
        job_title="ostaja", valid_from=date(2020, 3, 1), valid_to=date(2021, 4, 30)
    )
    anna.source, anna.source_detail = "import", "Messut 2026"
    anna.save()

    response = client_of(agent).get(page_of(anna))

    text = response.content.decode()
    assert response.status_code == 200
    for shown in (
        "Anna Virtanen",
        "anna.virtanen@esimerkki.example",
        "toinen@koti.example",
        "koti",
        "+358401234567",
        "Mannerheimintie 1",
        "Esimerkki Oy",
        "2327327-1",
        "ostaja",
        "not now",
        "An imported file: Messut 2026",
    ):
        assert shown in text
    assert reverse("admin:contacts_contact_change", args=[anna.pk]) in text
    assert reverse("admin:contacts_company_page", args=[company.pk]) in text
    assert "no-store" in response["Cache-Control"]


def test_a_person_of_whom_little_is_known_has_a_page(db, agent, client_of):
    nobody = make_contact()

    response = client_of(agent).get(page_of(nobody))

    assert response.status_code == 200
    assert "no name" in response.content.decode()


@pytest.mark.parametrize("name", ["auditor", "administrator", "stranger"])
def test_without_the_right_there_is_no_page(anna, request, client_of, name):
    client = client_of(request.getfixturevalue(name))

    known = client.get(page_of(anna))
    unknown = client.get(reverse("admin:contacts_contact_page", args=[uuid.uuid4()]))

    assert (known.status_code, unknown.status_code) == (403, 403)
    assert b"Virtanen" not in known.content
    assert not AuditEntry.objects.filter(action="record.viewed").exists()


@pytest.mark.parametrize(
    "number", ["00000000-0000-4000-8000-000000000000", "x", "%00", "1", "add"]
)
def test_an_unknown_number_is_not_found(agent, client_of, number):
    response = client_of(agent).get(f"/admin/contacts/contact/{number}/page/")

    assert response.status_code == 404


def test_companies_are_for_those_who_may_see_them(anna, agent, client_of):
    RoleRight.objects.filter(category="company").delete()

    text = client_of(agent).get(page_of(anna)).content.decode()

    assert "Anna Virtanen" in text
    assert "Esimerkki Oy" not in text


def test_editing_is_offered_to_those_who_may(anna, agent, client_of):
    RoleRight.objects.filter(category="identity", action="change").delete()

    text = client_of(agent).get(page_of(anna)).content.decode()

    assert reverse("admin:contacts_contact_change", args=[anna.pk]) not in text


@pytest.fixture
def undeliverable(anna):
    point = anna.points.get(kind="email")
    point.undeliverable_since = timezone.now()
    point.save()
    return point


def deliverable(contact, point) -> str:
    return reverse("admin:contacts_contact_deliverable", args=[contact.pk, point.pk])


def test_a_wrong_mark_that_mail_comes_back_is_cleared_and_recorded(
    anna, undeliverable, agent, client_of
):
    client, address = client_of(agent), deliverable(anna, undeliverable)
    assert address in client.get(page_of(anna)).content.decode()

    assert client.get(address).status_code == 405
    answer = client.post(address, follow=True)
    client.post(address)

    undeliverable.refresh_from_db()
    assert undeliverable.undeliverable_since is None
    assert address not in answer.content.decode()
    assert "The address is used again." in answer.content.decode()
    entry = AuditEntry.objects.get(action="contact.email_deliverable")
    assert (entry.subject_id, entry.actor_id) == (anna.pk, str(agent.pk))


@pytest.mark.parametrize("name", ["auditor", "agent without the right"])
def test_without_the_right_the_mark_stays(
    anna, undeliverable, auditor, agent, client_of, name
):
    RoleRight.objects.filter(category="identity", action="change").delete()
    client = client_of(auditor if name == "auditor" else agent)

    shown = client.get(page_of(anna)).content.decode()
    answer = client.post(deliverable(anna, undeliverable))

    assert answer.status_code == 403
    assert deliverable(anna, undeliverable) not in shown
    undeliverable.refresh_from_db()
    assert undeliverable.undeliverable_since is not None
    assert not AuditEntry.objects.filter(action="contact.email_deliverable").exists()


def test_the_mark_is_cleared_under_its_own_person_only(
    anna, undeliverable, agent, client_of
):
    other = make_contact(first_name="Matti", last_name="Meikäläinen")

    assert client_of(agent).post(deliverable(other, undeliverable)).status_code == 404
    undeliverable.refresh_from_db()
    assert undeliverable.undeliverable_since is not None


def test_every_read_is_recorded_with_person_and_purpose(anna, agent, client_of):
    client = client_of(agent)

    client.get(page_of(anna))
    client.get(page_of(anna), headers={"HX-Request": "true"})

    entries = AuditEntry.objects.filter(action="record.viewed")
    assert [
        (entry.subject_id, entry.actor_id, entry.purpose, entry.object_id)
        for entry in entries
    ] == [(anna.pk, str(agent.pk), "customer_support", str(anna.pk))] * 2


def test_it_takes_the_same_few_queries_however_much_there_is(
    anna, company, agent, client_of, django_assert_num_queries, monkeypatch
):
    monkeypatch.setattr(panels, "_PANELS", {})
    monkeypatch.setattr(timeline, "_SOURCES", {})
    for number in range(20):
        ContactPoint.objects.create(
            contact=anna, kind="email", value=f"a{number}@x.example", source="api"
        )
        Affiliation.objects.create(contact=anna, company=company, source="api")
    client = client_of(agent)

    # The role of the test client is taken and given back (2); session, user, rights,
    # what the reader reaches (2), contact, purpose, audit entry, points, addresses, present roles, roles.
    with django_assert_num_queries(25):
        client.get(page_of(anna))


def test_with_all_sources_and_panels_it_takes_few_queries(
    anna, officer, client_of, django_assert_max_num_queries
):
    client = client_of(officer)

    with django_assert_max_num_queries(38):
        client.get(page_of(anna))


# --- the purpose ---------------------------------------------------------------------


def test_the_chosen_purpose_stands_in_the_audit_trail(anna, agent, client_of):
    client = client_of(agent)

    response = client.post(
        CHOOSE, {"purpose": "data_subject_rights", "next": page_of(anna)}
    )
    client.get(page_of(anna))

    assert (response.status_code, response["Location"]) == (302, page_of(anna))
    chosen = AuditEntry.objects.get(action="purpose.chosen")
    assert chosen.details == {"reason": "data_subject_rights"}
    viewed = AuditEntry.objects.get(action="record.viewed")
    assert viewed.purpose == "data_subject_rights"


def test_a_purpose_that_does_not_exist_is_refused(anna, agent, client_of):
    client = client_of(agent)

    refused = client.post(CHOOSE, {"purpose": "curiosity"})
    client.get(page_of(anna))

    assert refused.status_code == 400
    assert not AuditEntry.objects.filter(action="purpose.chosen").exists()
    assert AuditEntry.objects.get(action="record.viewed").purpose == "customer_support"


def test_a_purpose_is_not_chosen_by_a_link_nor_leads_elsewhere(agent, client_of):
    client = client_of(agent)

    by_link = client.get(CHOOSE, {"purpose": "accountability"})
    elsewhere = client.post(
        CHOOSE, {"purpose": "accountability", "next": "https://elsewhere.example/"}
    )

    assert by_link.status_code == 405
    assert elsewhere["Location"] == reverse("admin:index")


# --- what must be known first --------------------------------------------------------


def test_a_hold_is_shown_to_those_who_may_see_holds(anna, agent, officer, client_of):
    holds.place(reason=Hold.Reason.LEGAL_CLAIM, actor=system(), subject_id=anna.pk)

    for_officer = client_of(officer).get(page_of(anna)).content.decode()
    for_agent = client_of(agent).get(page_of(anna)).content.decode()

    assert "On hold since" in for_officer
    assert "a legal claim" in for_officer
    assert "On hold since" not in for_agent
    assert "legal claim" not in for_agent


@pytest.fixture
def panel(monkeypatch):
    monkeypatch.setattr(panels, "_PANELS", dict(panels._PANELS))

    def load(contact_id, *, user):
        return [
            Notice("Direct marketing <prohibited>", Tone.DANGER, "block", "/admin/")
        ]

    panels.register_panel("test", Category.PROHIBITIONS, load)


def test_notices_of_the_apps_above_are_shown(panel, anna, agent, client_of):
    text = client_of(agent).get(page_of(anna)).content.decode()

    assert "Direct marketing &lt;prohibited&gt;" in text
    assert "sel-notice-danger" in text


def test_notices_need_the_right_to_their_category(panel, anna, agent, client_of):
    RoleRight.objects.filter(category="prohibitions").delete()

    text = client_of(agent).get(page_of(anna)).content.decode()

    assert "Direct marketing" not in text


def test_a_role_of_the_future_is_not_a_present_one(anna, agent, client_of):
    tomorrow = timezone.localdate() + timedelta(days=1)
    Affiliation.objects.filter(contact=anna).update(valid_from=tomorrow)

    assert "not now" in client_of(agent).get(page_of(anna)).content.decode()
