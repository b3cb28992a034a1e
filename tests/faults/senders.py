"""Other systems that send chats, calls and recordings, as a good client does.

Every write has a key of its own and is sent until it is confirmed: after a broken
connection, a time-out, a 5xx, a 507 and "in progress". Some are sent once more although
they were confirmed.
"""

from __future__ import annotations

import dataclasses
import hashlib
import http.client
import io
import json
import random
import threading
import time
import uuid
import wave
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

TIMEOUT = 15.0
AGAIN = (409, 429, 500, 502, 503, 504, 507)


@dataclasses.dataclass(frozen=True)
class Confirmed:
    """A write that was answered with 2xx, and what it has left there."""

    kind: str
    marker: str
    id: int
    sha256: str = ""


class Sender(threading.Thread):
    """One client; ``stop()`` lets it finish what it has begun."""

    def __init__(self, number: int, port: int, secret: str, seed: int) -> None:
        super().__init__(name=f"sender {number}", daemon=True)
        self.port, self.secret = port, secret
        self.random = random.Random(f"{seed} {number}")  # noqa: S311 - a test's choice
        self.confirmed: list[Confirmed] = []
        self.seen: Counter[str] = Counter()
        self.wrong: list[str] = []
        self._over = threading.Event()

    def stop(self) -> None:
        """Begin nothing more."""
        self._over.set()

    def run(self) -> None:
        while not self._over.is_set():
            kind = self.random.choice(["chat", "call", "call", "recorded call"])
            if kind == "chat":
                self._chat()
            else:
                self._call(with_recording=kind == "recorded call")
            time.sleep(self.random.random() * 0.05)

    def _chat(self) -> None:
        marker = uuid.uuid4().hex
        began = _now() - timedelta(minutes=30)
        body = {
            "started_at": began.isoformat(),
            "ended_at": (began + timedelta(minutes=5)).isoformat(),
            "participants": [{"email": f"{marker}@sender.example"}],
            "lines": [
                {
                    "participant": 0,
                    "said_at": (began + timedelta(minutes=1)).isoformat(),
                    "text": f"Hei {marker}",
                }
            ],
        }
        answer = self._until_confirmed("POST", "/chats", json.dumps(body).encode())
        if answer:
            self.confirmed.append(Confirmed("chat", marker, answer["id"]))

    def _call(self, *, with_recording: bool) -> None:
        marker = uuid.uuid4().hex[:30]
        began = _now() - timedelta(minutes=30)
        body = {
            "external_id": marker,
            "direction": "inbound",
            "number": f"+35850{self.random.randrange(10**6, 10**7)}",
            "started_at": began.isoformat(),
            "ended_at": (began + timedelta(minutes=5)).isoformat(),
        }
        call = self._until_confirmed("POST", "/calls", json.dumps(body).encode())
        if not call:
            return
        self.confirmed.append(Confirmed("call", marker, call["id"]))
        if with_recording:
            data = self._sound()
            answer = self._until_confirmed(
                "PUT", f"/calls/{call['id']}/recording", data, "audio/wav"
            )
            if answer:
                sha256 = hashlib.sha256(data).hexdigest()
                self.confirmed.append(
                    Confirmed("recording", marker, answer["id"], sha256)
                )

    def _sound(self) -> bytes:
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setparams((1, 2, 8000, 0, "NONE", ""))
            file.writeframes(
                self.random.randbytes(self.random.randrange(2, 200_000, 2))
            )
        return out.getvalue()

    def _until_confirmed(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str = "application/json",
    ) -> dict[str, Any] | None:
        key, pause = uuid.uuid4().hex, 0.05
        while True:
            status, answer = self._send(method, path, body, content_type, key)
            self.seen[str(status or "no answer")] += 1
            if status == 201:
                break
            if status is not None and status not in AGAIN:
                self.wrong.append(f"{method} {path}: {status} {answer}")
                return None
            time.sleep(pause)
            pause = min(2 * pause, 1)
        if self.random.random() < 0.1:
            self._send_again(method, path, body, content_type, key, answer)
        return answer

    def _send_again(
        self,
        method: str,
        path: str,
        body: bytes,
        content_type: str,
        key: str,
        first: dict[str, Any],
    ) -> None:
        status, answer = self._send(method, path, body, content_type, key)
        self.seen["sent again"] += 1
        if status == 201 and answer["id"] != first["id"]:
            self.wrong.append(f"{path}: sent twice and stored twice")
        elif status is not None and status != 201 and status not in AGAIN:
            self.wrong.append(f"{path} sent again: {status} {answer}")

    def _send(
        self, method: str, path: str, body: bytes, content_type: str, key: str
    ) -> tuple[int | None, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request(
                method,
                f"/api/v1{path}",
                body,
                {
                    "Authorization": f"Bearer {self.secret}",
                    "Content-Type": content_type,
                    "Idempotency-Key": key,
                },
            )
            response = connection.getresponse()
            answer: dict[str, Any] = json.loads(response.read() or b"{}")
        except (OSError, http.client.HTTPException, ValueError):
            return None, {}
        finally:
            connection.close()
        return response.status, answer


def _now() -> datetime:
    return datetime.now(UTC)
