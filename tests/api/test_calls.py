"""Calls that arrive over the interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from communications.models import Call
from contacts.models import Contact
from register.models import AuditEntry

ENDED = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


def test_a_call_is_stored_with_its_person(caller, call_body, anna, agent):
    response = caller.post("/calls", {**call_body, "agent_email": "agent@seloste.test"})

    answer = response.json()
    assert response.status_code == 201
    assert answer["contact_id"] == str(anna.pk)
    assert (answer["number"], answer["direction"]) == ("+358401234567", "inbound")
    assert answer["recording"] is None
    assert Call.objects.get().agent == agent


def test_an_unknown_number_becomes_a_contact(caller, call_body):
    call_body["caller"] = {"first_name": "Kaisa"}

    response = caller.post("/calls", call_body)

    contact = Contact.objects.get()
    assert response.json()["contact_id"] == str(contact.pk)
    assert contact.first_name == "Kaisa"


def test_a_caller_can_be_named_by_an_address(caller, call_body, bruno):
    call_body["caller"] = {"email": "bruno.makela@esimerkki.example"}

    response = caller.post("/calls", call_body)

    assert response.json()["contact_id"] == str(bruno.pk)


def test_a_call_from_a_hidden_number_belongs_to_nobody(caller, call_body):
    del call_body["number"]

    response = caller.post("/calls", call_body)

    assert response.status_code == 201
    assert response.json()["contact_id"] is None
    assert not Contact.objects.exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"direction": None}, "direction"),
        ({"number": "12"}, "number"),
        ({"ended_at": None}, "ended_at"),
        ({"ended_at": "2020-01-01T00:00:00Z"}, "ended_at"),
        ({"caller": {"contact_id": "00000000-0000-0000-0000-000000000007"}}, "caller.contact_id"),
    ],
)  # fmt: skip
def test_a_call_that_cannot_be_is_refused(caller, call_body, change, field):
    response = caller.post("/calls", {**call_body, **change})

    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) == [field]
    assert not Call.objects.exists()


def test_a_call_that_is_over_on_arrival_is_refused(caller, call_body, at):
    body = {
        **call_body,
        "started_at": ENDED.isoformat(),
        "ended_at": ENDED.isoformat(),
    }

    with at(datetime(2027, 1, 31, 12, 0, tzinfo=UTC)):
        response = caller.post("/calls", body)

    assert response.json()["error"]["code"] == "past_retention"
    assert not Call.objects.exists()


def test_a_call_does_not_exist_from_its_due_instant_on(caller, call_body, at):
    times = {"started_at": ENDED.isoformat(), "ended_at": ENDED.isoformat()}
    due = datetime(2027, 1, 31, 12, 0, tzinfo=UTC)
    with at(ENDED + timedelta(hours=1)):
        number = caller.post("/calls", {**call_body, **times}).json()["id"]

    with at(due - timedelta(seconds=1)):
        before = caller.get(f"/calls/{number}")
    with at(due):
        after = caller.get(f"/calls/{number}")

    assert (before.status_code, after.status_code) == (200, 404)


def test_reading_a_call_names_the_person_in_the_audit_trail(caller, call_id):
    caller.get(f"/calls/{call_id}")

    entry = AuditEntry.objects.get(action="record.viewed")
    assert (entry.object_type, entry.object_id) == ("communications.call", str(call_id))
    assert entry.subject_id == Contact.objects.get().pk
    assert entry.purpose == "customer_support"


def test_a_number_of_the_telephone_system_is_taken_in_once(caller, call_body, call_id):
    response = caller.post("/calls", call_body)

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "external_id_taken"
