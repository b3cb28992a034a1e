"""Playing a recording: asked for with a purpose, then fetched piece by piece."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied
from django.core.files.base import File
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
)
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from communications import selectors
from communications.byte_ranges import Span, Unsatisfiable, span_of
from communications.models import Recording
from communications.services import playing
from register import access, actors
from register.activities import ACTIVITIES
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError

logger = logging.getLogger(__name__)
PIECE = 64 * 1024


@require_POST
def play(request: HttpRequest, recording_id: int, model_admin: Any) -> HttpResponse:
    """Record who plays it and why, and show the player.

    htmx puts the player where the form was; without scripts it is a page.
    """
    recording = _recording_for(request, recording_id)
    purpose = request.POST.get("purpose", "")
    try:
        token = playing.start(
            recording, purpose=purpose, actor=actors.of_request(request)
        )
    except DomainError as error:
        raise BadRequest from error
    path = reverse("admin:communications_recording_audio", args=[recording.pk])
    context = {
        "recording": recording,
        "call": recording.call,
        "purpose": ACTIVITIES[purpose].purpose,
        "source": f"{path}?token={token}",
    }
    if request.headers.get("HX-Request"):
        return render(request, "communications/recording_player.html", context)
    context |= {
        **model_admin.admin_site.each_context(request),
        "title": _("Recording"),
        "model_admin": model_admin,
    }
    return render(request, "communications/recording_play.html", context)


@require_safe
def audio(request: HttpRequest, recording_id: int) -> HttpResponseBase:
    """Send the sound, or the part of it that is asked for.

    It needs the token that :func:`play` gave; playing was recorded there, so the many
    requests of one player leave no entries of their own.
    """
    recording = _recording_for(request, recording_id)
    token = request.GET.get("token", "")
    if not playing.is_valid(token, recording, request.user):  # type: ignore[arg-type]
        raise PermissionDenied
    # A compressed answer would have other bytes than those that were asked for.
    request.META.pop("HTTP_ACCEPT_ENCODING", None)
    try:
        span = _asked_span(request, recording)
    except Unsatisfiable:
        response = HttpResponse(status=416, content_type="text/plain")
        response["Content-Range"] = f"bytes */{recording.size}"
        return _never_stored(response)
    whole = Span(0, recording.size - 1)
    sent = span or whole
    answer = _answer(request, recording, sent)
    answer.status_code = 206 if span else 200
    if span:
        answer["Content-Range"] = f"bytes {sent.first}-{sent.last}/{recording.size}"
    answer["Content-Length"] = str(sent.length)
    answer["Content-Type"] = recording.content_type
    answer["Content-Disposition"] = "inline"
    answer["ETag"] = _etag(recording)
    return _never_stored(answer)


def _recording_for(request: HttpRequest, recording_id: int) -> Recording:
    """Return the recording, or refuse. What is due does not exist."""
    access.require(request.user, Action.VIEW, Category.RECORDINGS)
    found: Recording | None = selectors.recordings().filter(pk=recording_id).first()
    if found is None:
        raise Http404
    return found


def _asked_span(request: HttpRequest, recording: Recording) -> Span | None:
    """Return the range; a HEAD request and a player with another file get the whole."""
    if request.method != "GET":
        return None
    condition = request.headers.get("If-Range")
    if condition is not None and condition.strip() != _etag(recording):
        return None
    return span_of(request.headers.get("Range", ""), recording.size)


def _answer(request: HttpRequest, recording: Recording, span: Span) -> HttpResponseBase:
    try:
        file = recording.file.open("rb")
    except FileNotFoundError:
        logger.error("The file of recording %s is missing.", recording.pk)  # noqa: TRY400 - the trace says no more
        raise Http404 from None
    if request.method == "HEAD":
        file.close()
        return HttpResponse()
    return SoundResponse(_Part(file, span))


class SoundResponse(FileResponse):
    """Sends a file in larger pieces, and closes it however the answer ends."""

    block_size = PIECE


class _Part:
    """Some bytes of an open file."""

    def __init__(self, file: File[bytes], span: Span) -> None:
        self._file, self._left = file, span.length
        file.seek(span.first)

    def read(self, size: int) -> bytes:
        """Return the next bytes, b"" at the end of the part."""
        piece: bytes = self._file.read(min(size, self._left))
        self._left -= len(piece)
        return piece

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _etag(recording: Recording) -> str:
    return f'"{recording.sha256}"'


def _never_stored(response: HttpResponseBase) -> HttpResponseBase:
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "no-store"
    return response
