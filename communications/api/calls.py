"""``/api/v1/calls``: calls and their recordings."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from communications import audio
from communications.api.shared import (
    PersonIn,
    agent_with,
    due_instant,
    record_read,
    support_actor,
)
from communications.models import Call, Recording
from communications.models.calls import recording_path
from communications.selectors import calls_with_people, recordings_of
from communications.services import calls
from contacts import known_by
from register import access, files
from register.api.bodies import chunks_of, declared_length, fingerprint_of
from register.api.errors import ApiError, errors
from register.api.idempotency import answer_before, written_once
from register.api.keys import ApiKeyAuth, key_of
from register.api.schemas import (
    Body,
    Email,
    IdempotencyKeyHeader,
    Moment,
    Phone,
    Reference,
    RowId,
    seen_or_none,
)
from register.models import ApiKey

router = Router(tags=["calls"])
READ = ApiKeyAuth(ApiKey.Scope.CALLS_READ)
WRITE = ApiKeyAuth(ApiKey.Scope.CALLS_WRITE)


class CallIn(Body):
    """A call. The number is that of the person at the other end."""

    external_id: Reference = Field(
        default="", description="Number of the call in your system; never twice."
    )
    direction: Call.Direction
    number: Phone = ""
    caller: PersonIn | None = Field(
        default=None,
        description="The person at the other end, in either direction. Without a contact and an address, the number is used to find or add the contact.",
    )
    started_at: Moment
    ended_at: Moment
    agent_email: Email = Field(
        default="", description="Account of the member of staff, if there is one."
    )


class RecordingOut(Schema):
    """A recording, and when it will be deleted."""

    id: int
    content_type: str
    size: int | None
    sha256: str
    received_at: datetime | None
    ends_at: datetime


class CallOut(Schema):
    """A call, when it will be deleted, and its recording while there is one."""

    id: int
    external_id: str
    direction: str
    number: str
    contact_id: UUID | None
    started_at: datetime | None
    ended_at: datetime | None
    ends_at: datetime
    recording: RecordingOut | None


@router.post(
    "",
    auth=WRITE,
    response={201: CallOut, **errors(400, 401, 403, 409, 410, 413, 415, 422)},
    summary="Send a call",
)
def create_call(
    request: HttpRequest, body: CallIn, idempotency_key: IdempotencyKeyHeader
) -> Status[CallOut]:
    """Take in that a call took place. Send its recording afterwards.

    A call whose retention period is over is refused.
    """

    key = key_of(request)
    caller = body.caller.person(key) if body.caller else None
    if caller is None or not (caller.contact_id or caller.has_address):
        known_by.require(key, {"phone": body.number})

    def write() -> tuple[int, Call]:
        call = calls.record_call(
            external_id=body.external_id,
            direction=body.direction,
            number=body.number,
            caller=caller,
            started_at=body.started_at,
            ended_at=body.ended_at,
            agent=agent_with(body.agent_email),
            actor=support_actor(request),
        )
        return 201, call

    def load(number: str) -> Call | None:
        return _read(request, int(number))

    answer = written_once(request, idempotency_key, write=write, load=load)
    return Status(answer.status_code, call_out(answer.value, reader=key_of(request)))


@router.get(
    "/{call_id}",
    auth=READ,
    response={200: CallOut, **errors(400, 401, 403, 404, 422)},
    summary="Read a call",
)
def read_call(request: HttpRequest, call_id: RowId) -> Status[CallOut]:
    """Return a call. The sound is not given out here: playing it needs a purpose."""
    call = _read(request, call_id)
    if call is None:
        raise ApiError(404)
    return Status(200, call_out(call, reader=key_of(request)))


def _sound_body() -> dict[str, Any]:
    binary = {"schema": {"type": "string", "format": "binary"}}
    return {
        "requestBody": {
            "required": True,
            "content": dict.fromkeys(audio.KINDS, binary),
        }
    }


@router.put(
    "/{call_id}/recording",
    auth=WRITE,
    response={
        201: RecordingOut,
        **errors(400, 401, 403, 404, 409, 410, 411, 413, 415, 422),
    },
    summary="Send the recording of a call",
    openapi_extra=_sound_body(),
)
def put_recording(
    request: HttpRequest, call_id: RowId, idempotency_key: IdempotencyKeyHeader
) -> Status[RecordingOut]:
    """Store the body as the recording of the call.

    It is stored while it arrives, so it may be large. Its type is told by the header
    Content-Type and checked by its content. A call has one recording; it cannot be
    replaced.
    """

    kind = audio.kind_named(request.content_type or "")
    if kind is None:
        raise _unsupported()
    limit = settings.RECORDING_MAX_BYTES
    if (declared_length(request) or 0) > limit:
        raise ApiError(413)
    before = answer_before(
        request,
        idempotency_key,
        fingerprint=lambda: fingerprint_of(request, max_bytes=limit),
        load=_recording,
    )
    if before is not None:
        return Status(before.status_code, recording_out(before.value))
    call = Call.objects.filter(pk=call_id).first()
    if call is None:
        raise ApiError(404)
    if recordings_of([call]):
        raise calls.recording_exists()
    received = _receive(request, kind, max_bytes=limit)
    try:
        _require_sound_alone(received, kind)
        answer = written_once(
            request,
            idempotency_key,
            write=lambda: (
                201,
                calls.attach_recording(call, received, kind, support_actor(request)),
            ),
            load=_recording,
            body_sha256=received.sha256,
        )
    except BaseException:
        received.discard()
        raise
    if answer.value.file.name != received.path:
        # An equal upload was quicker; its file is the recording.
        received.discard()
    return Status(answer.status_code, recording_out(answer.value))


def call_out(call: Call, *, reader: object) -> CallOut:
    """Return a call as it goes out: masks and gaps where its reader has them."""
    recording = recordings_of([call]).get(call.pk)
    call = access.as_seen(reader, call)
    return CallOut(
        id=call.pk,
        external_id=call.external_id,
        direction=call.direction,
        number=call.number,
        contact_id=call.contact_id,
        started_at=seen_or_none(call, "started_at"),
        ended_at=seen_or_none(call, "ended_at"),
        ends_at=due_instant(call),
        recording=recording_out(access.as_seen(reader, recording))
        if recording
        else None,
    )


def recording_out(recording: Recording) -> RecordingOut:
    """Return what is known of a recording; never where its file is."""
    return RecordingOut(
        id=recording.pk,
        content_type=recording.content_type,
        size=seen_or_none(recording, "size"),
        sha256=recording.sha256,
        received_at=seen_or_none(recording, "received_at"),
        ends_at=due_instant(recording),
    )


def _receive(request: HttpRequest, kind: str, *, max_bytes: int) -> files.ReceivedFile:
    """Store the body; refuse it as soon as its beginning is not what was named."""
    pieces = chunks_of(request)
    head = b""
    while len(head) < audio.HEAD_BYTES and (piece := next(pieces, b"")):
        head += piece
    if not head:
        raise ApiError(422, "empty", _("The body is empty. Send the sound file in it."))
    if audio.kind_found(head) != kind:
        raise ApiError(
            415,
            "type_mismatch",
            _("The content of the file is not what its Content-Type says."),
        )
    try:
        return files.receive(
            itertools.chain([head], pieces),
            path=recording_path(),
            max_bytes=max_bytes,
        )
    except files.FileTooLarge:
        raise ApiError(413) from None


def _require_sound_alone(received: files.ReceivedFile, kind: str) -> None:
    with default_storage.open(received.path) as file:
        if not audio.is_sound_alone(kind, received.head, file):
            raise ApiError(
                415,
                "not_sound_alone",
                _(
                    "The file holds pictures, or no sound track. Send the sound alone, for example as M4A, MP3 or WAV."
                ),
            )


def _read(request: HttpRequest, call_id: int) -> Call | None:
    call = calls_with_people().filter(pk=call_id).first()
    if call is not None:
        record_read(request, call, [call.contact_id] if call.contact_id else [])
    return call


def _recording(number: str) -> Recording | None:
    return Recording.objects.filter(pk=number).first()


def _unsupported() -> ApiError:
    return ApiError(
        415,
        "unsupported_type",
        _("Send the sound file itself, as one of the types that the interface names."),
    )
