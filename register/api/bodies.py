"""Reading what is sent: strict JSON, and raw bodies of known or unknown length."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

from django.core.handlers.wsgi import LimitedStream, WSGIRequest
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.parser import Parser

from register import identity_codes
from register.api.errors import MOST_FIELDS, ApiError
from register.api.schemas import declared_keys
from register.files import CHUNK


class StrictJson(Parser):
    """Reads UTF-8 JSON as RFC 8259 has it: no NaN, and nothing else than JSON."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Return the decoded body. Raises ApiError."""
        if request.content_type != "application/json":
            raise ApiError(
                415,
                "unsupported_type",
                _("Send JSON, with the header Content-Type: application/json."),
            )
        try:
            body = json.loads(request.body.decode(), parse_constant=_refuse_constant)
        # A RecursionError is a depth that nobody needs.
        except (ValueError, RecursionError):
            raise ApiError(
                400, "invalid_json", _("The body is not JSON in UTF-8.")
            ) from None
        return _without_identity_codes(body)


def _without_identity_codes(body: Any) -> Any:
    """Return a body without personal identity codes, masked if it asks for that itself.

    Whether it may ask is for the operation to say: keys that it does not declare are
    refused. Raises ApiError that names the places and not the codes.
    """
    found = identity_codes.places(body, declared_keys())
    places = list(itertools.islice(found, MOST_FIELDS))
    if not places:
        return body
    if isinstance(body, dict) and body.get("identity_codes") == "mask":
        return identity_codes.masked_json(body)
    raise ApiError(
        422,
        identity_codes.CODE,
        identity_codes.SENTENCE,
        dict.fromkeys(places, str(identity_codes.SENTENCE)),
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError


def accept_chunked(request: HttpRequest) -> None:
    """Make a body of unknown length readable (``Transfer-Encoding: chunked``).

    Django reads as many bytes as Content-Length says and therefore none here. A server
    that marks the end of its input can be read to the end; any other would wait for
    ever, so it is refused. Whoever reads keeps the limit.
    """
    if not isinstance(request, WSGIRequest) or not is_chunked(request):
        return
    if not request.environ.get("wsgi.input_terminated"):
        raise ApiError(
            411, "length_required", _("Send the length of the body: Content-Length.")
        )
    request._stream = LimitedStream(  # type: ignore[assignment]
        request.environ["wsgi.input"], sys.maxsize
    )


def is_chunked(request: HttpRequest) -> bool:
    """Whether the length of the body is not told beforehand."""
    return "chunked" in request.headers.get("Transfer-Encoding", "").lower()


def declared_length(request: HttpRequest) -> int | None:
    """Return Content-Length, or None for a chunked body."""
    if is_chunked(request):
        return None
    text = request.META.get("CONTENT_LENGTH") or "0"
    return int(text) if text.isascii() and text.isdigit() else 0


def chunks_of(request: HttpRequest) -> Iterator[bytes]:
    """Yield the raw body in pieces; it is never whole in memory.

    Raises ApiError if it ends before its announced length.
    """
    expected, received = declared_length(request), 0
    while chunk := request.read(CHUNK):
        received += len(chunk)
        yield chunk
    if expected is not None and received != expected:
        raise ApiError(
            400,
            "body_incomplete",
            _("The body ended before its announced length. Send it again."),
        )


def fingerprint_of(request: HttpRequest, *, max_bytes: int) -> str:
    """Return the SHA-256 of the raw body without keeping it. Raises ApiError."""
    digest, received = hashlib.sha256(), 0
    for chunk in chunks_of(request):
        received += len(chunk)
        if received > max_bytes:
            raise ApiError(413)
        digest.update(chunk)
    return digest.hexdigest()
