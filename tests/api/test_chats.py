"""Chats that arrive over the interface."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.utils import timezone

from communications.models import Chat, ChatLine, ChatParticipant
from contacts.models import Contact
from register.models import AuditEntry

# A chat that ends on 30 November is over at the end of February, by local time.
ENDED = datetime(2025, 11, 30, 10, 10, tzinfo=UTC)
DUE = datetime(2026, 2, 28, 10, 10, tzinfo=UTC)


def test_a_chat_is_stored_with_its_people_and_lines(caller, chat_body, anna, agent):
    response = caller.post("/chats", {**chat_body, "agent_email": "Agent@seloste.test"})

    chat = Chat.objects.get()
    answer = response.json()
    assert response.status_code == 201
    assert (answer["id"], answer["external_id"]) == (chat.pk, "chat-1")
    assert chat.agent == agent
    [participant] = answer["participants"]
    assert participant["contact_id"] == str(anna.pk)
    assert participant["display_name"] == "anna v"
    assert [(line["participant_id"], line["text"]) for line in answer["lines"]] == [
        (participant["id"], "Hei, lasku puuttuu."),
        (None, "Lähetän sen heti."),
    ]


def test_the_answer_tells_when_the_chat_will_be_deleted(caller, chat_body, at):
    with at(ENDED + timedelta(hours=1)):
        response = caller.post("/chats", moved(chat_body, ENDED))

    assert response.json()["ends_at"] == "2026-02-28T10:10:00Z"


def test_an_unknown_address_becomes_a_contact(caller, chat_body):
    response = caller.post("/chats", chat_body)

    contact = Contact.objects.get()
    assert response.json()["participants"][0]["contact_id"] == str(contact.pk)
    assert (contact.first_name, contact.source) == ("Anna", "api")


def test_a_visitor_without_an_address_stays_unknown(caller, chat_body):
    chat_body["participants"] = [{"display_name": "Vieras", "first_name": "Ville"}]

    response = caller.post("/chats", chat_body)

    assert response.json()["participants"][0]["contact_id"] is None
    assert not Contact.objects.exists()
    assert ChatParticipant.objects.get().display_name == "Vieras"


def test_a_participant_is_named_by_the_number_of_a_contact(caller, chat_body, bruno):
    chat_body["participants"] = [{"contact_id": str(bruno.pk)}]

    response = caller.post("/chats", chat_body)

    assert response.json()["participants"][0]["contact_id"] == str(bruno.pk)


def test_the_same_person_twice_is_one_participant(caller, chat_body, anna):
    chat_body["participants"].append({"contact_id": str(anna.pk)})
    chat_body["lines"][1]["participant"] = 1

    response = caller.post("/chats", chat_body)

    [participant] = response.json()["participants"]
    assert {line["participant_id"] for line in response.json()["lines"]} == {
        participant["id"]
    }


def test_a_number_of_the_chat_system_is_taken_in_once(caller, chat_body):
    caller.post("/chats", chat_body)

    response = caller.post("/chats", chat_body)

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "external_id_taken"
    assert Chat.objects.count() == 1
    assert ChatLine.objects.count() == 2


def test_a_number_is_taken_even_by_a_chat_that_is_due(caller, chat_body, at):
    with at(ENDED + timedelta(hours=1)):
        caller.post("/chats", moved(chat_body, ENDED))

    with at(DUE + timedelta(minutes=5)):
        response = caller.post("/chats", moved(chat_body, DUE))

    assert response.status_code == 409


def test_a_chat_that_is_over_on_arrival_is_refused(caller, chat_body, at):
    with at(DUE):
        response = caller.post("/chats", moved(chat_body, ENDED))

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "past_retention"
    assert list(response.json()["error"]["fields"]) == ["ended_at"]
    assert not Chat.objects.exists()
    assert not Contact.objects.exists()


def test_a_chat_is_taken_in_until_its_last_moment(caller, chat_body, at):
    with at(DUE - timedelta(microseconds=1)):
        response = caller.post("/chats", moved(chat_body, ENDED))

    assert response.status_code == 201


def test_a_chat_that_the_database_finds_over_is_refused_in_the_same_words(
    caller, chat_body, at, monkeypatch
):
    # The clock went on between the check and the insert.
    monkeypatch.setattr(
        "communications.services.arrival.check_not_over", lambda *a, **k: None
    )

    with at(DUE):
        response = caller.post("/chats", moved(chat_body, ENDED))

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "past_retention"
    assert not Chat.objects.exists()


@pytest.mark.parametrize(
    ("change", "code", "field"),
    [
        ({"ended": -1}, "ends_before_start", "ended_at"),
        ({"started": 200, "ended": 210}, "in_future", "started_at"),
        ({"ended": 200}, "in_future", "ended_at"),
        ({"line": -5}, "line_outside_chat", "lines.0.said_at"),
        ({"line": 15}, "line_outside_chat", "lines.0.said_at"),
        ({"participant": 1}, "unknown_participant", "lines.0.participant"),
    ],
)
def test_times_and_people_must_be_possible(caller, chat_body, change, code, field):
    began = timezone.now() - timedelta(hours=2)

    def minutes(number):
        return (began + timedelta(minutes=number)).isoformat()

    chat_body |= {
        "started_at": minutes(change.get("started", 0)),
        "ended_at": minutes(change.get("ended", 10)),
    }
    chat_body["lines"][0] |= {
        "said_at": minutes(change.get("line", 1)),
        "participant": change.get("participant", 0),
    }

    response = caller.post("/chats", chat_body)

    assert response.status_code == 422
    assert response.json()["error"]["code"] == code
    assert list(response.json()["error"]["fields"]) == [field]
    assert not Chat.objects.exists()


def test_a_chat_without_an_end_counts_from_its_beginning(caller, chat_body):
    chat_body["ended_at"] = None

    response = caller.post("/chats", chat_body)

    assert response.status_code == 201
    assert response.json()["ended_at"] is None


def test_a_chat_is_read_with_everything_in_it(caller, chat_body):
    sent = caller.post("/chats", chat_body).json()

    response = caller.get(f"/chats/{sent['id']}")

    assert response.status_code == 200
    assert response.json() == sent


def test_a_chat_does_not_exist_from_its_due_instant_on(caller, chat_body, at):
    with at(ENDED + timedelta(hours=1)):
        number = caller.post("/chats", moved(chat_body, ENDED), key="one").json()["id"]

    with at(DUE - timedelta(seconds=1)):
        before = caller.get(f"/chats/{number}")
    with at(DUE):
        after = caller.get(f"/chats/{number}")
        again = caller.post("/chats", moved(chat_body, ENDED), key="one")

    assert (before.status_code, after.status_code) == (200, 404)
    assert again.status_code == 410
    assert "lasku" not in (after.content + again.content).decode()


def test_storing_and_reading_name_every_person_in_the_audit_trail(
    caller, chat_body, anna, bruno
):
    chat_body["participants"].append({"contact_id": str(bruno.pk)})

    number = caller.post("/chats", chat_body).json()["id"]
    caller.get(f"/chats/{number}")

    for action in ("chat.recorded", "record.viewed"):
        entries = AuditEntry.objects.filter(action=action)
        assert {entry.subject_id for entry in entries} == {anna.pk, bruno.pk}
        assert {entry.object_id for entry in entries} == {str(number)}
        assert {entry.purpose for entry in entries} == {"customer_support"}
        assert len({entry.request_id for entry in entries}) == 1


def test_a_chat_of_nobody_known_is_in_the_audit_trail_too(caller, chat_body):
    chat_body["participants"] = [{}]

    caller.post("/chats", chat_body)

    assert AuditEntry.objects.get(action="chat.recorded").subject_id is None


def test_the_names_of_both_sides_take_part_as_they_are(caller, chat_body):
    chat_body["lines"][0]["text"] = "<script>alert(1)</script> — ääkköset 👋"

    response = caller.post("/chats", chat_body)

    assert response.json()["lines"][0]["text"] == chat_body["lines"][0]["text"]


def test_an_unknown_contact_is_named(caller, chat_body, anna):
    chat_body["participants"].append({"contact_id": str(UUID(int=7))})

    response = caller.post("/chats", chat_body)

    assert response.status_code == 422
    assert response.json()["error"]["code"] == "unknown_contact"
    assert list(response.json()["error"]["fields"]) == ["participants.1.contact_id"]


def moved(body, ended):
    """Return the chat so that it ends at ``ended``."""
    began = ended - timedelta(minutes=10)
    lines = [
        {**line, "said_at": (began + timedelta(minutes=1 + n)).isoformat()}
        for n, line in enumerate(body["lines"])
    ]
    return {
        **body,
        "started_at": began.isoformat(),
        "ended_at": ended.isoformat(),
        "lines": lines,
    }
