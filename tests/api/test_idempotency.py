"""A write that is sent twice happens once."""

from __future__ import annotations

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from communications.models import Call, Chat, Recording
from contacts.models import Contact
from register.models import AuditEntry, FileRemoval, IdempotencyKey
from register.tasks import sweep_idempotency_keys

BODY = {"emails": ["anna@esimerkki.example"], "first_name": "Anna"}


@pytest.mark.parametrize("path", ["/contacts", "/chats", "/calls"])
def test_a_write_without_a_key_is_refused(caller, path):
    response = caller.client.post(
        f"/api/v1{path}",
        data=json.dumps(BODY),
        content_type="application/json",
        headers=caller.headers(),
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "idempotency_key_missing"
    assert not Contact.objects.exists()


def test_a_recording_without_a_key_is_refused(caller, wav):
    response = caller.client.put(
        "/api/v1/calls/1/recording",
        data=wav(),
        content_type="audio/wav",
        headers=caller.headers(),
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "idempotency_key_missing"


@pytest.mark.parametrize("key", ["", " ", "a b", "ä", "x" * 201])
def test_a_key_that_cannot_be_is_refused(caller, key):
    response = caller.client.post(
        "/api/v1/contacts",
        data=json.dumps(BODY),
        content_type="application/json",
        headers=caller.headers(**{"idempotency-key": key}),
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "idempotency_key_invalid"
    assert not Contact.objects.exists()


def test_the_same_again_gives_the_same_answer(caller):
    first = caller.post("/contacts", BODY, key="one")
    second = caller.post("/contacts", BODY, key="one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Contact.objects.count() == 1
    assert AuditEntry.objects.filter(action="record.added").count() == 1


@pytest.mark.parametrize(("path", "name"), [("/chats", "chat_body"), ("/calls", "call_body")])  # fmt: skip
def test_a_conversation_sent_twice_is_there_once(caller, request, path, name):
    body = request.getfixturevalue(name)

    first = caller.post(path, body, key="one")
    second = caller.post(path, body, key="one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert Chat.objects.count() + Call.objects.count() == 1


def test_another_body_under_the_same_key_is_refused(caller):
    caller.post("/contacts", BODY, key="one")

    response = caller.post("/contacts", {"emails": ["b@esimerkki.example"]}, key="one")

    assert response.status_code == 409
    assert response.json()["error"]["code"] == "idempotency_key_reused"
    assert Contact.objects.count() == 1


def test_another_operation_under_the_same_key_is_refused(caller, chat_body):
    caller.post("/contacts", BODY, key="one")

    response = caller.post("/chats", chat_body, key="one")

    assert response.json()["error"]["code"] == "idempotency_key_reused"
    assert not Chat.objects.exists()


def test_two_systems_do_not_share_their_keys(caller, caller_with):
    other = caller_with("contacts:write")

    first = caller.post("/contacts", BODY, key="one")
    second = other.post("/contacts", BODY, key="one")

    assert (first.status_code, second.status_code) == (201, 200)


def test_a_refused_write_leaves_its_key_free(caller, chat_body):
    refused = caller.post(
        "/chats", {**chat_body, "ended_at": "2026-01-01T00:00:00Z"}, key="one"
    )
    accepted = caller.post("/chats", chat_body, key="one")

    assert (refused.status_code, accepted.status_code) == (422, 201)


def test_the_answer_to_a_write_whose_record_is_gone_is_gone_too(caller):
    caller.post("/contacts", BODY, key="one")
    Contact.objects.all().delete()

    response = caller.post("/contacts", BODY, key="one")

    assert response.status_code == 410
    assert response.json()["error"]["code"] == "gone"
    assert not Contact.objects.exists()


def test_what_is_remembered_says_nothing(caller):
    caller.post("/contacts", BODY, key="anna@esimerkki.example")

    row = IdempotencyKey.objects.get()
    assert (row.status, row.object_id) == (201, str(Contact.objects.get().pk))
    assert (len(row.key), len(row.body_sha256)) == (64, 64)
    assert "anna" not in str(IdempotencyKey.objects.values())


def test_keys_are_forgotten_after_two_days(caller):
    caller.post("/contacts", BODY, key="one")
    IdempotencyKey.objects.update(
        created_at=timezone.now() - timedelta(days=2, seconds=1)
    )

    sweep_idempotency_keys()
    response = caller.post("/contacts", BODY, key="one")

    assert response.status_code == 200
    assert Contact.objects.count() == 1


def test_a_recording_sent_twice_is_stored_once(caller, call_body, wav, stored):
    call_id = caller.post("/calls", call_body).json()["id"]

    first = caller.put(f"/calls/{call_id}/recording", wav(), key="one")
    second = caller.put(f"/calls/{call_id}/recording", wav(), key="one")
    other = caller.put(f"/calls/{call_id}/recording", wav(1), key="one")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert other.json()["error"]["code"] == "idempotency_key_reused"
    assert Recording.objects.count() == 1
    assert len(stored()) == 1
    assert not FileRemoval.objects.exists()


# --- at the same time ----------------------------------------------------------------


def at_once(*requests):
    """Run requests in threads that start together; return their answers."""
    barrier, answers = threading.Barrier(len(requests)), [None] * len(requests)

    def run(number, request):
        barrier.wait()
        try:
            answers[number] = request()
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(number, request))
        for number, request in enumerate(requests)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


@pytest.fixture
def keyed(transactional_db, caller):
    return caller


@pytest.mark.django_db(transaction=True)
def test_equal_writes_at_once_happen_once(keyed):
    answers = at_once(*[lambda: keyed.post("/contacts", BODY, key="one")] * 5)

    assert [answer.status_code for answer in answers] == [201] * 5
    assert len({answer.content for answer in answers}) == 1
    assert Contact.objects.count() == 1
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_different_writes_of_one_person_at_once_make_one_contact(keyed):
    answers = at_once(
        *[lambda n=n: keyed.post("/contacts", BODY, key=f"key-{n}") for n in range(5)]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 201]
    assert Contact.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_chats_of_the_same_two_people_at_once_do_not_stop_each_other(keyed, chat_body):
    two = [{"email": "a@esimerkki.example"}, {"email": "b@esimerkki.example"}]

    answers = at_once(
        *[
            lambda n=n: keyed.post(
                "/chats",
                {
                    **chat_body,
                    "external_id": f"chat-{n}",
                    "participants": two if n % 2 else two[::-1],
                },
            )
            for n in range(6)
        ]
    )

    assert [answer.status_code for answer in answers] == [201] * 6
    assert Contact.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_recordings_of_a_call_at_once_leave_one_and_one_file(
    keyed, call_body, wav, stored
):
    path = f"/calls/{keyed.post('/calls', call_body).json()['id']}/recording"

    answers = at_once(
        lambda: keyed.put(path, wav(0.5), key="one"),
        lambda: keyed.put(path, wav(0.6), key="two"),
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert Recording.objects.count() == 1
    assert stored() == [Recording.objects.get().file.name]
    assert not FileRemoval.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_recording_at_once_gives_the_same_answer(
    keyed, call_body, wav, stored
):
    path = f"/calls/{keyed.post('/calls', call_body).json()['id']}/recording"

    answers = at_once(*[lambda: keyed.put(path, wav(0.5), key="one")] * 3)

    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.content for answer in answers}) == 1
    assert len(stored()) == 1


@pytest.mark.django_db(transaction=True)
def test_a_write_that_waits_too_long_is_told_that_the_first_goes_on(keyed, monkeypatch):
    monkeypatch.setattr("register.api.idempotency.WAIT", "200ms")
    first_holds, second_is_answered = threading.Event(), threading.Event()
    keyed.get("/chats/1")  # marks the key as used today

    def hold():
        with transaction.atomic():
            answer = keyed.post("/contacts", BODY, key="one")
            first_holds.set()
            second_is_answered.wait(10)
        return answer

    def ask():
        first_holds.wait(10)
        answer = keyed.post("/contacts", BODY, key="one")
        second_is_answered.set()
        return answer

    first, second = at_once(hold, ask)

    assert first.status_code == 201
    assert second.status_code == 409
    assert second.json()["error"]["code"] == "in_progress"
    assert keyed.post("/contacts", BODY, key="one").json() == first.json()


@pytest.mark.django_db(transaction=True)
def test_a_write_that_fails_leaves_neither_row_nor_key(keyed, chat_body, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("communications.services.chats.audit.record_for_each", fail)

    response = keyed.post("/chats", chat_body, key="one")

    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    assert not Chat.objects.exists()
    assert not Contact.objects.exists()
    assert not IdempotencyKey.objects.exists()
