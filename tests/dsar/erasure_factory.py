"""Conversations, calls and requests for the tests of erasure."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from communications.models import Call, Chat, ChatLine, ChatParticipant, Recording
from dsar.models import Request
from dsar.services import erasure, identity, intake
from register import actors
from register.models import Approval, Job
from register.services import approvals, jobs


def make_chat(*contacts: Any, agent_says: str = "Kuinka voin auttaa?") -> Chat:
    """Create a chat in which everybody greets and customer service says something."""
    chat = Chat.objects.create(started_at=timezone.now())
    for contact in contacts:
        participant = ChatParticipant.objects.create(
            chat=chat, contact=contact, display_name=contact.full_name
        )
        ChatLine.objects.create(
            chat=chat, participant=participant, text=f"Hei, olen {contact.full_name}."
        )
    ChatLine.objects.create(chat=chat, text=agent_says)
    return chat


def say(chat: Chat, text: str, contact: Any = None) -> ChatLine:
    """Add a line, of customer service unless somebody is named."""
    participant = contact and chat.participants.get(contact=contact)
    return ChatLine.objects.create(chat=chat, participant=participant, text=text)


def make_recording(contact: Any, number: str = "+358401234567") -> Recording:
    """Create a call with a stored recording."""
    now = timezone.now()
    call = Call.objects.create(
        contact=contact,
        direction="inbound",
        number=number,
        started_at=now,
        ended_at=now,
    )
    path = default_storage.save(f"recordings/{uuid.uuid4()}", ContentFile(b"RIFF"))
    return Recording.objects.create(
        call=call,
        file=path,
        content_type="audio/wav",
        size=4,
        sha256="0" * 64,
        call_ended_at=now,
    )


def erasure_request(contact: Any, officer: Any, **kwargs: Any) -> Request:
    """Register a request for erasure whose person is confirmed."""
    actor = actors.of_user(officer)
    given = {
        "name": contact.full_name,
        "email": "",
        "phone": "",
        "kind": "erasure",
        **kwargs,
    }
    request = intake.open_request(
        channel="email", received_at=timezone.now(), actor=actor, **given
    )
    return identity.confirm_person(request, subject_ids=[contact.pk], actor=actor)


def approved(request: Request, officer: Any, second_officer: Any, **kwargs: Any) -> Job:
    """Plan, submit and approve; return the job that was ordered."""
    actor = actors.of_user(officer)
    erasure.plan(request, actor=actor, **kwargs)
    approval = erasure.submit(request, actor=actor)
    about = approvals.tell([approval], second_officer)[approval.pk]
    assert about.startswith(f"#{request.number}")
    approvals.decide(approval, approve=True, actor=actors.of_user(second_officer))
    return Job.objects.get(kind=erasure.ERASE, object_id=str(request.pk))


def erase(request: Request, officer: Any, second_officer: Any, **kwargs: Any) -> Job:
    """Do all of it and run the job."""
    job = jobs.run(approved(request, officer, second_officer, **kwargs).pk)
    assert job is not None
    request.refresh_from_db()
    return job


def waiting_approval(request: Request) -> Approval:
    return Approval.objects.get(object_id=str(request.pk), state="waiting")
