"""Whatever is sent: an answer in one form, and never a failure."""

from __future__ import annotations

import contextlib
import json

import pytest
from django.db import OperationalError
from django.utils.translation import trans_real

from communications.models import Chat
from contacts.models import Contact
from register.models import IdempotencyKey

DEEP = 100_000
STRANGE_BODIES = {
    "nothing": b"",
    "blanks": b"  ",
    "half": b'{"emails": ["a@b.example"',
    "nan": b'{"emails": NaN}',
    "infinity": b'{"emails": [-Infinity]}',
    "not utf-8": b'{"first_name": "\xff\xfe", "emails": ["a@b.example"]}',
    "utf-16": '{"emails": ["a@b.example"]}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"emails": ["a@b.example"]}',
    "deep list": b"[" * DEEP + b"]" * DEEP,
    "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep value": b'{"emails": ' + b"[" * 900 + b"]" * 900 + b"}",
    "number": b"17",
    "huge number": b'{"emails": ' + b"9" * 10_000 + b"}",
    "huge exponent": b'{"emails": 1e999999}',
    "null": b"null",
    "text": b'"a"',
    "list": b"[]",
    "nul": b'{"first_name": "a\\u0000b", "emails": ["a@b.example"]}',
    "nul in a list": b'{"emails": ["a\\u0000@b.example"]}',
    "nul in a key": b'{"a\\u0000": 1, "emails": ["a@b.example"]}',
    "lone surrogate": b'{"first_name": "\\ud800", "emails": ["a@b.example"]}',
    "lone surrogate in a key": b'{"\\udfff": 1, "emails": ["a@b.example"]}',
    "lone surrogate in an address": b'{"emails": ["\\ud800@b.example"]}',
    "unknown key": b'{"emails": ["a@b.example"], "is_admin": true}',
    "no address": b'{"first_name": "Anna"}',
    "empty address": b'{"emails": [""]}',
    "long name": b'{"emails": ["a@b.example"], "first_name": "' + b"a" * 101 + b'"}',
    "many addresses": json.dumps(
        {"emails": [f"a{i}@b.example" for i in range(21)]}
    ).encode(),
    "no e-mail": b'{"emails": ["anna"]}',
    "no telephone": b'{"phones": ["12"]}',
    "number for text": b'{"first_name": 1, "emails": ["a@b.example"]}',
    "text for list": b'{"emails": "a@b.example"}',
}


@pytest.mark.parametrize("name", STRANGE_BODIES)
def test_a_strange_body_is_refused_and_changes_nothing(caller, name):
    response = caller.post("/contacts", STRANGE_BODIES[name])

    error = response.json()["error"]
    assert response.status_code in {400, 422}
    assert set(error) == {"code", "message", "fields"}
    assert error["message"]
    assert not Contact.objects.exists()
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"emails": ["anna"]}, "emails.0"),
        ({"phones": ["+358 40 123 4567", "12"]}, "phones.1"),
        ({"emails": ["a@b.example"], "first_name": "a\0"}, "first_name"),
        ({"emails": ["a@b.example"], "shoe_size": 1}, "body"),
        ({"first_name": "Anna"}, "body"),
    ],
)
def test_the_field_is_named(caller, body, field):
    response = caller.post("/contacts", body)

    error = response.json()["error"]
    assert response.status_code == 422
    assert error["code"] == "invalid"
    assert set(error["fields"]) == {field}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"Matti Virtanen": 1}, "body"),
        ({"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": "a", "Matti Virtanen": 1}]}, "lines.0"),
        ({"participants": [{"email": "a@b.example"}, {"email": "c@b.example", "Matti Virtanen": {}}]}, "participants.1"),
    ],
)  # fmt: skip
def test_a_key_of_the_senders_making_is_told_by_its_place(
    caller, chat_body, caplog, change, place
):
    caplog.set_level("DEBUG")

    response = caller.post("/chats", {**chat_body, **change})

    assert response.status_code == 422
    assert set(response.json()["error"]["fields"]) == {place}
    assert "Virtanen" not in response.content.decode() + caplog.text
    assert not Chat.objects.exists()


MISTAKES = {
    "missing": {"started_at": ...},
    "extra_forbidden": {"shoe_size": 1},
    "string_type": {"external_id": 7},
    "string_unicode": {"external_id": "\ud800"},
    "string_too_long": {"external_id": "x" * 81},
    "list_type": {"lines": {}},
    "too_short": {"participants": []},
    "model_type": {"lines": [1]},
    "literal_error": {"identity_codes": "keep"},
    "uuid_type": {"participants": [{"contact_id": 1}]},
    "uuid_parsing": {"participants": [{"contact_id": "n"}]},
    "datetime": {"started_at": "2026-02-30T10:00:00Z"},
    "identifier": {"participants": [{"email": "anna"}]},
    "negative": {"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": "a", "participant": -1}]},
    "no number": {"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": "a", "participant": "a"}]},
    "empty": {"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": ""}]},
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_what_is_wrong_is_said_by_the_register_itself(caller, chat_body, mistake):
    """Every sentence is the catalogue's, so that it comes in the caller's language."""
    body = {**chat_body, **MISTAKES[mistake]}
    body = {name: value for name, value in body.items() if value is not ...}

    seen = {}
    for language in ("en", "xx-marked"):
        caller.client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
        with marked(language != "en"):
            response = caller.post("/chats", body)
        assert response.status_code == 422
        seen[language] = response.json()["error"]["fields"]

    assert seen["en"].keys() == seen["xx-marked"].keys()
    assert all(sentence.endswith(".") for sentence in seen["en"].values())
    assert all(text.startswith("§") for text in seen["xx-marked"].values())
    assert not Chat.objects.exists()


@contextlib.contextmanager
def marked(is_wanted):
    """Put a mark before all that passes the catalogue."""
    catalogue = trans_real.translation("en")._catalog
    translated = type(catalogue).get
    with pytest.MonkeyPatch.context() as patch:
        if is_wanted:
            patch.setattr(
                type(catalogue),
                "get",
                lambda self, key, default=None: "§" + (translated(self, key) or key),
            )
        yield


def test_a_known_sentence_is_finnish_for_a_finn_and_swedish_for_a_swede(caller):
    sentences = {}
    for language in ("fi", "sv", "en"):
        caller.client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        response = caller.post("/contacts", {"emails": ["anna"]})
        sentences[language] = response.json()["error"]["fields"]["emails.0"]

    assert len(set(sentences.values())) == 3


def test_what_was_sent_is_not_repeated(caller):
    response = caller.post("/contacts", {"emails": ["anna.virtanen"], "phones": ["1"]})

    assert "virtanen" not in response.content.decode()


@pytest.mark.parametrize("change", [
    {"started_at": "2026-02-30T10:00:00Z"},
    {"started_at": "0001-01-01T00:00:00+23:59"},
    {"started_at": "9999-12-31T23:59:59-23:59"},
    {"started_at": "2026-01-01T10:00:00"},
    {"started_at": 1767225600},
    {"started_at": "1767225600"},
    {"started_at": None},
    {"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": ""}]},
    {"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": "a", "participant": -1}]},
    {"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": "a", "participant": "0"}]},
    {"lines": [{"said_at": "2026-01-01T10:00:00Z", "text": "a", "participant": 2**70}]},
    {"participants": []},
    {"participants": [{"contact_id": "anna"}]},
    {"participants": [{"contact_id": "00000000-0000-0000-0000-000000000007"}]},
    {"participants": [{"contact_id": "00000000-0000-0000-0000-000000000007", "email": "a@b.example"}]},
    {"external_id": "x" * 81},
    {"external_id": 7},
])  # fmt: skip
def test_a_strange_chat_is_refused_and_nothing_is_stored(caller, chat_body, change):
    response = caller.post("/chats", {**chat_body, **change})

    assert response.status_code == 422
    assert response.json()["error"]["fields"]
    assert not Chat.objects.exists()
    assert not Contact.objects.exists()


def test_a_body_of_many_mistakes_is_answered_shortly(caller, chat_body):
    chat_body["lines"] = [{"text": ""}] * 5000

    response = caller.post("/chats", chat_body)

    assert response.status_code == 422
    assert len(response.json()["error"]["fields"]) <= 50


def test_a_body_that_is_too_large_is_refused(caller, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000

    response = caller.post(
        "/contacts", {"emails": ["a@b.example"], "source_detail": "a" * 1000}
    )

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "", "application/x-www-form-urlencoded", "multipart/form-data", "application/xml"],
)  # fmt: skip
def test_only_json_is_read(caller, content_type):
    response = caller.client.generic(
        "POST",
        "/api/v1/contacts",
        data=b'{"emails": ["a@b.example"]}',
        content_type=content_type,
        headers=caller.headers(**{"idempotency-key": "k"}),
    )

    assert response.status_code == 415
    assert response.json()["error"]["code"] == "unsupported_type"


@pytest.mark.parametrize(
    "path",
    ["/chats/0", "/chats/-1", "/chats/x", f"/chats/{2**63}", f"/chats/{10**400}", "/contacts/7", "/contacts/%00", "/chats/%00", "/chats/%ff"],
)  # fmt: skip
def test_a_number_that_cannot_be_is_refused(caller, path):
    response = caller.get(path)

    assert response.status_code == 422
    assert list(response.json()["error"]["fields"]) in (["chat_id"], ["contact_id"])


@pytest.mark.parametrize(
    "path",
    ["/chats/1", f"/chats/{2**63 - 1}", "/calls/1", "/contacts/00000000-0000-0000-0000-000000000007", "/nothing", "/chats/1/lines", "/contacts/"],
)  # fmt: skip
def test_what_is_unknown_is_not_found(caller, path):
    response = caller.get(path)

    assert response.status_code == 404
    assert response.json()["error"]["code"] == "not_found"


def test_an_unknown_method_is_told_the_known_ones(caller):
    response = caller.client.delete("/api/v1/chats/1", headers=caller.headers())

    assert response.status_code == 405
    assert response["Allow"] == "GET"
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_an_address_for_another_host_is_refused_in_the_same_form(caller):
    response = caller.client.get(
        "/api/v1/chats/1", headers=caller.headers(host="elsewhere.example")
    )

    assert response.status_code == 400
    assert response.json()["error"]["code"] == "bad_request"


def test_answers_are_not_kept_in_caches(caller):
    assert caller.get("/chats/1")["Cache-Control"] == "no-store"


def test_pages_of_other_parts_keep_their_own_form(client, db):
    response = client.get("/nothing-here")

    assert response.status_code == 404
    assert "application/json" not in response["Content-Type"]


def test_a_database_that_is_away_is_no_mistake_of_the_sender(caller, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr("contacts.api.people.find_or_create", away)

    response = caller.post("/contacts", {"emails": ["a@b.example"]})

    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response.json()["error"]["code"] == "database_away"
