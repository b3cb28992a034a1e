"""Every refusal of the HTTP interface has one form, whatever refuses.

``{"error": {"code", "message", "fields"}}``: a stable code for programs, a sentence for
people, and what is wrong with which field of the body.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError, HttpError, ValidationError
from psycopg.errors import InsufficientPrivilege

from register.api.schemas import declared_keys
from register.api.wording import sentence_of
from register.errors import Conflict, DomainError
from register.trouble import DISK_FULL, trouble_of

logger = logging.getLogger(__name__)

_SENTENCES: dict[int, tuple[str, str | Promise]] = {
    400: ("bad_request", _("The request cannot be read.")),
    401: (
        "not_authenticated",
        _(
            "Send a valid key of this interface in the header: Authorization: Bearer <key>."
        ),
    ),
    403: ("not_allowed", _("The key may not do this.")),
    404: ("not_found", _("There is no such record or address.")),
    405: (
        "method_not_allowed",
        _("This address does not know the method; see the header Allow."),
    ),
    413: ("too_large", _("The body is larger than allowed.")),
    503: (
        "unavailable",
        _("The register cannot answer now. Send the request again in a moment."),
    ),
    507: ("disk_full", DISK_FULL.answer),
    500: (
        "internal",
        _("Something went wrong here. Report the number in the header X-Request-ID."),
    ),
}
MOST_FIELDS = 50


class ErrorDetail(Schema):
    """What was refused."""

    code: str
    message: str
    fields: dict[str, str]


class ErrorOut(Schema):
    """The body of every answer that is not a success."""

    error: ErrorDetail


class ApiError(Exception):
    """A refusal with its status. Raise it anywhere below an operation."""

    def __init__(
        self,
        status: int,
        code: str = "",
        message: str | Promise = "",
        fields: Mapping[str, str] | None = None,
    ) -> None:
        known_code, known_message = _SENTENCES.get(status, _SENTENCES[400])
        super().__init__(code or known_code)
        self.status = status
        self.code, self.message = code or known_code, message or known_message
        self.fields = dict(fields or {})


def errors(*statuses: int) -> dict[int, type[ErrorOut]]:
    """Return ``{status: form}`` to declare on an operation."""
    return dict.fromkeys(statuses, ErrorOut)


def response_of(error: ApiError) -> HttpResponse:
    """Return a refusal as it goes out."""
    body = {
        "error": {
            "code": error.code,
            "message": str(error.message),
            "fields": error.fields,
        }
    }
    response = HttpResponse(
        json.dumps(body), status=error.status, content_type="application/json"
    )
    if error.status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = "Bearer"
    return response


def in_form(response: HttpResponseBase) -> HttpResponseBase:
    """Return an error that Django answered by itself in the one form."""
    if response.status_code < 400 or _is_json(response):
        return response
    formed = response_of(ApiError(response.status_code))
    for name in ("Allow", "Retry-After"):
        if name in response:
            formed[name] = response[name]
    return formed


def install(api: NinjaAPI) -> None:
    """Make ``api`` answer every exception that means a refusal in the one form."""

    def refuse(kind: type[Exception], convert: Any) -> None:
        def answer(request: HttpRequest, exc: Any) -> HttpResponse:
            return response_of(convert(exc))

        api.add_exception_handler(kind, answer)

    refuse(ApiError, lambda exc: exc)
    refuse(DomainError, _of_domain_error)
    refuse(ValidationError, _of_validation_error)
    refuse(AuthenticationError, lambda exc: ApiError(401))
    refuse(HttpError, _of_http_error)
    refuse(Http404, lambda exc: ApiError(404))
    refuse(RequestDataTooBig, lambda exc: ApiError(413))
    refuse(UnreadablePostError, lambda exc: ApiError(400, "body_unreadable"))
    api.add_exception_handler(Exception, _unexpected)


def _of_domain_error(exc: DomainError) -> ApiError:
    status = 409 if isinstance(exc, Conflict) else 422
    fields = {exc.field: str(exc.message)} if exc.field else {}
    return ApiError(status, exc.code, exc.message, fields)


def _of_http_error(exc: HttpError) -> ApiError:
    # What the parser refused arrives wrapped in the framework's own error.
    cause = exc.__cause__
    return cause if isinstance(cause, ApiError) else ApiError(exc.status_code)


def _of_validation_error(exc: ValidationError) -> ApiError:
    headers = [error for error in exc.errors if error["loc"][0] == "header"]
    if headers:
        return _of_header_error(headers[0])
    fields = {
        _field_name(error): sentence_of(error) for error in exc.errors[:MOST_FIELDS]
    }
    return ApiError(
        422,
        "invalid",
        _("Some fields are not as they must be: see “fields”."),
        fields,
    )


def _of_header_error(error: Mapping[str, Any]) -> ApiError:
    name = str(error["loc"][-1])
    code = f"{name.replace('-', '_').lower()}_{'missing' if error['type'] == 'missing' else 'invalid'}"
    return ApiError(
        400,
        code,
        _("A header is missing or not as it must be: see “fields”."),
        {name: sentence_of(error)},
    )


def _field_name(error: Mapping[str, Any]) -> str:
    """Return ``lines.0.text`` for a place in the body, the name for a parameter.

    A key that no schema declares may be anything, a person's name included: it is told
    by the object that it stands in.
    """
    source, *path = error["loc"]
    if error["type"] == "extra_forbidden" and path[-1] not in declared_keys():
        path.pop()
    if source == "body":
        path = path[1:] or ["body"]
    return ".".join(str(part) for part in path)


def _unexpected(request: HttpRequest, exc: Any) -> HttpResponse:
    if isinstance(exc.__cause__, InsufficientPrivilege):
        # The database refused what the key's role does not reach.
        return response_of(ApiError(403))
    trouble = trouble_of(exc)
    if trouble is None:
        logger.error("The HTTP interface failed.", exc_info=exc)
        return response_of(ApiError(500))
    # Nothing is wrong with the request: it may be sent again.
    logger.error("The HTTP interface cannot answer.", exc_info=exc)
    response = response_of(ApiError(trouble.status, trouble.code, trouble.answer))
    response["Retry-After"] = str(trouble.retry_after)
    return response


def _is_json(response: HttpResponseBase) -> bool:
    return response.get("Content-Type", "").startswith("application/json")
