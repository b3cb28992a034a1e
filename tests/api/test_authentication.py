"""Who may call what."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from contacts.models import Contact
from register import actors
from register.models import ApiKey, AuditEntry
from register.services import api_keys

UNKNOWN = uuid.UUID(int=7)
# Every operation, a body it would take, and the one scope that opens it.
OPERATIONS = [
    ("POST", "/contacts", "contacts:write"),
    ("POST", "/contacts/search", "contacts:read"),
    ("GET", f"/contacts/{UNKNOWN}", "contacts:read"),
    ("POST", "/chats", "chats:write"),
    ("GET", "/chats/1", "chats:read"),
    ("POST", "/calls", "calls:write"),
    ("GET", "/calls/1", "calls:read"),
    ("PUT", "/calls/1/recording", "calls:write"),
]


def call(client, method, path, *, authorization=None):
    headers = {"idempotency-key": "k", "accept-language": "en"}
    if authorization is not None:
        headers["authorization"] = authorization
    return client.generic(
        method,
        f"/api/v1{path}",
        data=b"{}",
        content_type="application/json",
        headers=headers,
    )


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer \xe4"],
)
def test_without_a_valid_key_nothing_opens(
    client, db, method, path, scope, authorization
):
    response = call(client, method, path, authorization=authorization)

    assert response.status_code == 401
    assert response.json()["error"]["code"] == "not_authenticated"
    assert response["WWW-Authenticate"] == "Bearer"
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(("method", "path", "scope"), OPERATIONS)
def test_a_scope_opens_its_operations_and_no_other(
    client, caller_with, method, path, scope
):
    others = caller_with(*(set(ApiKey.Scope.values) - {scope}))
    right = caller_with(scope)

    refused = call(client, method, path, authorization=f"Bearer {others.secret}")
    passed = call(client, method, path, authorization=f"Bearer {right.secret}")

    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "scope_missing"
    assert passed.status_code in {404, 415, 422}


def test_a_revoked_key_is_no_key(client, db):
    key, secret = api_keys.create(
        name="Old", scopes=["contacts:read"], actor=actors.system()
    )
    api_keys.revoke(key, actor=actors.system())

    response = call(
        client, "GET", f"/contacts/{UNKNOWN}", authorization=f"Bearer {secret}"
    )

    assert response.status_code == 401


def test_a_key_ends_at_its_time(client, db, at):
    moment = timezone.now() + timedelta(hours=1)
    _key, secret = api_keys.create(
        name="Short",
        scopes=["contacts:read"],
        actor=actors.system(),
        expires_at=moment,
    )

    before = call(
        client, "GET", f"/contacts/{UNKNOWN}", authorization=f"Bearer {secret}"
    )
    with at(moment):
        after = call(
            client, "GET", f"/contacts/{UNKNOWN}", authorization=f"Bearer {secret}"
        )

    assert (before.status_code, after.status_code) == (404, 401)


def test_a_refused_key_creates_nothing(client, caller_with):
    reader = caller_with("contacts:read")

    response = client.post(
        "/api/v1/contacts",
        data='{"emails": ["a@b.example"]}',
        content_type="application/json",
        headers={"authorization": f"Bearer {reader.secret}", "idempotency-key": "k"},
    )

    assert response.status_code == 403
    assert not Contact.objects.exists()


def test_staff_sessions_do_not_open_the_interface(client_of, officer):
    response = client_of(officer).get(f"/api/v1/contacts/{UNKNOWN}")

    assert response.status_code == 401


def test_the_description_of_the_interface_is_open_and_names_the_key(client, db):
    response = client.get("/api/v1/openapi.json")

    described = response.json()
    assert response.status_code == 200
    assert described["openapi"] == "3.1.0"
    assert set(described["paths"]) == {
        "/api/v1/contacts",
        "/api/v1/contacts/search",
        "/api/v1/contacts/{contact_id}",
        "/api/v1/chats",
        "/api/v1/chats/{chat_id}",
        "/api/v1/calls",
        "/api/v1/calls/{call_id}",
        "/api/v1/calls/{call_id}/recording",
    }
    for operations in described["paths"].values():
        for operation in operations.values():
            assert operation["security"] == [{"ApiKeyAuth": []}]
            assert {"400", "401", "403", "422"} <= set(operation["responses"])


def test_no_page_of_the_interface_loads_scripts(client, db):
    assert client.get("/api/v1/docs").status_code == 404
