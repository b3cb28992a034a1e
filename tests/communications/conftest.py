"""Conversations of the cast."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from communications.models import Recording
from communications.models.calls import recording_path
from communications.services import calls, chats
from communications.services.participants import Person
from register import actors
from register.files import ReceivedFile
from register.models import FileRemoval
from tests.communications.mail_server import MailServer, start

# A chat of this moment ends on 28 February, a recording on 30 June, local time.
SPOKEN = datetime(2025, 11, 30, 10, 0, tzinfo=UTC)
CHAT_DUE = datetime(2026, 2, 28, 10, 0, tzinfo=UTC)
RECORDING_DUE = datetime(2026, 6, 30, 9, 0, tzinfo=UTC)
SOON = SPOKEN + timedelta(hours=1)
SOUND = bytes(range(256)) * 1000


@pytest.fixture
def media(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def make_chat(agent: Any, at: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes in a chat of the cast at ``SOON``."""

    def make(*contacts: Any, lines: tuple[tuple[int | None, str], ...] = ()) -> Any:
        with at(SOON):
            return chats.record_chat(
                started_at=SPOKEN - timedelta(minutes=10),
                ended_at=SPOKEN,
                participants=[
                    Person(contact_id=contact.pk)
                    if contact
                    else Person(display_name="Vieras")
                    for contact in contacts
                ],
                lines=[
                    chats.Line(
                        participant=who,
                        text=text,
                        said_at=SPOKEN - timedelta(minutes=9 - number / 100),
                    )
                    for number, (who, text) in enumerate(lines)
                ],
                agent=agent,
                actor=actors.system("customer_support"),
            )

    return make


@pytest.fixture
def make_call(agent: Any, at: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that takes in a call of a contact at ``SOON``."""

    def make(contact: Any = None, number: str = "") -> Any:
        with at(SOON):
            return calls.record_call(
                direction="inbound",
                number=number,
                caller=Person(contact_id=contact.pk) if contact else None,
                started_at=SPOKEN - timedelta(minutes=10),
                ended_at=SPOKEN,
                agent=agent,
                actor=actors.system("customer_support"),
            )

    return make


@pytest.fixture
def make_recording(
    make_call: Callable[..., Any], media: Any, at: Callable[..., Any]
) -> Callable[..., Recording]:
    """Return a function that takes in a recorded call of a contact at ``SOON``."""

    def make(contact: Any = None) -> Recording:
        call = make_call(contact)
        path = default_storage.save(recording_path(), ContentFile(SOUND))
        FileRemoval.objects.create(path=path, due_at=SOON + timedelta(hours=6))
        with at(SOON):
            return calls.attach_recording(
                call,
                ReceivedFile(path, len(SOUND), "5" * 64, SOUND[:10]),
                "audio/wav",
                actors.system("customer_support"),
            )

    return make


@pytest.fixture(scope="session")
def _running_mail_server() -> Any:
    server = MailServer()
    controller = start(server)
    yield server, controller.port
    controller.stop()


@pytest.fixture
def mail_server(_running_mail_server: Any, settings: Any) -> Any:
    """A real mail server, and a register that is set up to use it."""
    server, port = _running_mail_server
    server.mails, server.recipients = [], []
    server.answer, server.drops_line, server.on_mail = "", False, None
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.MAIL_FROM = "palvelu@vastuu.example"
    settings.MAIL_IS_SET_UP = True
    return server
