"""Personal identity codes that another system sends."""

from __future__ import annotations

import pytest

from communications.models import Chat, ChatLine
from contacts.models import Contact
from register.models import IdempotencyKey
from tests.architecture.canary import dumps

CODE, DIGITS = "131052-308T", "308T"


def with_code(body, *place):
    *way, last = place
    target = body
    for step in way:
        target = target[step]
    target[last] = f"tunnus on {CODE}"
    return body


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (("lines", 0, "text"), "lines.0.text"),
        (("external_id",), "external_id"),
        (("participants", 0, "display_name"), "participants.0.display_name"),
        (("participants", 0, "first_name"), "participants.0.first_name"),
        (("whatever",), "body"),
        (("lines", 0, "whatever"), "lines.0"),
        ((CODE,), "body"),
    ],
)
def test_a_chat_with_a_code_is_refused_with_its_place(caller, chat_body, place, path):
    response = caller.post("/chats", with_code(chat_body, *place))

    error = response.json()["error"]
    assert response.status_code == 422
    assert error["code"] == "personal_identity_code"
    assert list(error["fields"]) == [path]
    assert DIGITS not in response.content.decode()
    assert not Chat.objects.exists()
    assert not Contact.objects.exists()
    assert not IdempotencyKey.objects.exists()


def test_a_chat_that_asks_for_masking_is_kept_without_the_code(caller, chat_body):
    body = with_code(chat_body, "lines", 0, "text") | {"identity_codes": "mask"}

    response = caller.post("/chats", body)

    assert response.status_code == 201
    assert response.json()["lines"][0]["text"] == "tunnus on ******-***"
    assert ChatLine.objects.order_by("pk").first().text == "tunnus on ******-***"
    assert dumps.places_in(dumps.copied(), {DIGITS}) == {}


def test_an_operation_that_does_not_offer_masking_refuses_the_wish(caller):
    body = {"emails": ["a@b.example"], "first_name": CODE, "identity_codes": "mask"}

    response = caller.post("/contacts", body)

    assert response.status_code == 422
    assert "identity_codes" in response.json()["error"]["fields"]
    assert not Contact.objects.exists()


def test_a_contact_with_a_code_is_refused(caller):
    response = caller.post(
        "/contacts", {"emails": ["131052-308t@b.example"], "source_detail": CODE}
    )

    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (422, "personal_identity_code")
    assert sorted(error["fields"]) == ["emails.0", "source_detail"]
    assert not Contact.objects.exists()
