"""Callers of the HTTP interface: other systems with a key."""

from __future__ import annotations

import io
import itertools
import json
import wave
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from register import actors
from register.models import ApiKey
from register.services import api_keys

numbers = itertools.count(1)


class Caller:
    """Sends requests with a key; every write gets its own Idempotency-Key."""

    def __init__(self, secret: str) -> None:
        self.client = Client(headers={"accept-language": "en"})
        self.secret = secret

    def headers(self, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.secret}", **more}

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}", headers=self.headers())

    def post(self, path: str, body: Any, *, key: str | None = None) -> Any:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.client.post(
            f"/api/v1{path}",
            data=data,
            content_type="application/json",
            headers=self.headers(**{"idempotency-key": key or f"k{next(numbers)}"}),
        )

    def put(
        self,
        path: str,
        data: bytes,
        *,
        content_type: str = "audio/wav",
        key: str | None = None,
        **environ: Any,
    ) -> Any:
        return self.client.put(
            f"/api/v1{path}",
            data=data,
            content_type=content_type,
            headers=self.headers(**{"idempotency-key": key or f"k{next(numbers)}"}),
            # The test client leaves the type of an empty body out.
            **{"CONTENT_TYPE": content_type, **environ},
        )


@pytest.fixture
def caller_with(db: None) -> Callable[..., Caller]:
    """Return a function that makes a key with scopes and gives its caller."""

    def make(*scopes: str) -> Caller:
        _key, secret = api_keys.create(
            name="Telephone system",
            scopes=list(scopes),
            actor=actors.system("access_control"),
        )
        return Caller(secret)

    return make


@pytest.fixture
def caller(caller_with: Callable[..., Caller]) -> Caller:
    """A system that may do everything."""
    return caller_with(*ApiKey.Scope.values)


def sound(seconds: float = 0.2) -> bytes:
    """Return a WAV file of silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(int(seconds * 8000) * 2))
    return out.getvalue()


@pytest.fixture
def wav() -> Callable[..., bytes]:
    return sound


@pytest.fixture
def chat_body() -> dict[str, Any]:
    """A chat of this morning between a visitor with an address and an agent."""
    began = timezone.now() - timedelta(hours=2)
    return {
        "external_id": "chat-1",
        "started_at": began.isoformat(),
        "ended_at": (began + timedelta(minutes=10)).isoformat(),
        "participants": [
            {
                "email": "Anna.Virtanen@esimerkki.example",
                "first_name": "Anna",
                "display_name": "anna v",
            }
        ],
        "lines": [
            {
                "participant": 0,
                "said_at": (began + timedelta(minutes=1)).isoformat(),
                "text": "Hei, lasku puuttuu.",
            },
            {
                "participant": None,
                "said_at": (began + timedelta(minutes=2)).isoformat(),
                "text": "Lähetän sen heti.",
            },
        ],
    }


@pytest.fixture
def call_body() -> dict[str, Any]:
    """An incoming call of this morning."""
    began = timezone.now() - timedelta(hours=2)
    return {
        "external_id": "call-1",
        "direction": "inbound",
        "number": "040 123 4567",
        "started_at": began.isoformat(),
        "ended_at": (began + timedelta(minutes=5)).isoformat(),
    }


@pytest.fixture
def stored(settings: Any, tmp_path: Path) -> Callable[[], list[str]]:
    """Return a function that lists the stored files; the store is empty at first."""
    settings.MEDIA_ROOT = tmp_path

    def paths() -> list[str]:
        files = (path for path in tmp_path.rglob("*") if path.is_file())
        return sorted(str(path.relative_to(tmp_path)) for path in files)

    return paths


@pytest.fixture
def call_id(caller: Caller, call_body: dict[str, Any]) -> int:
    """A call that is stored and has no recording."""
    number: int = caller.post("/calls", call_body).json()["id"]
    return number
