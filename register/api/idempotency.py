"""A write that is sent twice happens once.

The key and the write commit together: either both are there or neither. Of two equal
requests at the same time the second waits for the first in the unique index and then
finds its answer. What was answered is not stored: the status and the number of the
record are, and the answer is made from the record anew. Keys and bodies are kept as
keyed hashes only, for two days (:mod:`register.tasks`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TypeVar

from django.db import OperationalError, connection, models, transaction
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from ninja.responses import Status
from psycopg import errors as pg

from register.api.errors import ApiError
from register.api.keys import actor_of, key_of
from register.history.acting import acting
from register.models import IdempotencyKey

SALT = "register.api.idempotency"
# Long enough for any write; an upload streams before it begins to write.
WAIT = "5s"
ATTEMPTS = 3

Row = TypeVar("Row", bound=models.Model)


def written_once(
    request: HttpRequest,
    key: str,
    *,
    write: Callable[[], tuple[int, Row]],
    load: Callable[[str], Row | None],
    body_sha256: str = "",
) -> Status[Row]:
    """Run ``write`` unless it ran before under this key; return its status and record.

    ``write`` returns the status and the record, ``load`` finds that record by its
    number. ``body_sha256`` is the fingerprint of a body that was streamed.

    Raises ApiError: 409 ``idempotency_key_reused`` for another request under the same
    key, 409 ``in_progress`` if the first takes too long, 410 if its record is gone.
    """
    body_sha256 = body_sha256 or hashlib.sha256(request.body).hexdigest()
    asked = _remembered(request, key, body_sha256)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with transaction.atomic():
                _wait_at_most(WAIT)
                row, is_new = IdempotencyKey.objects.get_or_create(
                    api_key=asked.api_key,
                    key=asked.key,
                    defaults={
                        "operation": asked.operation,
                        "body_sha256": asked.body_sha256,
                    },
                )
                if is_new:
                    with acting(actor_of(request)):
                        status, written = write()
                    row.status, row.object_id = status, str(written.pk)
                    row.save(update_fields=["status", "object_id"])
                    return Status(status, written)
        except OperationalError as error:
            # Two writes that wait for each other: one is told to begin again.
            if isinstance(error.__cause__, pg.DeadlockDetected) and attempt < ATTEMPTS:
                continue
            if isinstance(error.__cause__, pg.LockNotAvailable | pg.DeadlockDetected):
                raise _in_progress() from None
            raise
        return _answered_before(row, asked, load)
    raise _in_progress()


def answer_before(
    request: HttpRequest,
    key: str,
    *,
    fingerprint: Callable[[], str],
    load: Callable[[str], Row | None],
) -> Status[Row] | None:
    """Return the answer of an earlier equal request, or None if there was none.

    For bodies that are expensive to take in: ``fingerprint`` is called only when the
    key is known. Raises ApiError as :func:`written_once` does.
    """
    asked = _remembered(request, key, "")
    row = IdempotencyKey.objects.filter(api_key=asked.api_key, key=asked.key).first()
    if row is None:
        return None
    return _answered_before(row, _remembered(request, key, fingerprint()), load)


def _remembered(request: HttpRequest, key: str, body_sha256: str) -> IdempotencyKey:
    """Return what would be remembered of this request; it is not saved."""
    route = request.resolver_match.route if request.resolver_match else ""
    content_type = request.headers.get("Content-Type", "")
    return IdempotencyKey(
        api_key=key_of(request),
        key=_keyed(key),
        operation=f"{request.method} {route}"[:80],
        body_sha256=_keyed("\n".join([request.path, content_type, body_sha256])),
    )


def _answered_before(
    row: IdempotencyKey, asked: IdempotencyKey, load: Callable[[str], Row | None]
) -> Status[Row]:
    if (row.operation, row.body_sha256) != (asked.operation, asked.body_sha256):
        raise ApiError(
            409,
            "idempotency_key_reused",
            _("This Idempotency-Key belongs to another request. Use a new one."),
        )
    found = load(row.object_id)
    if found is None:
        raise ApiError(
            410,
            "gone",
            _("This was written before, and the record has been deleted since."),
        )
    return Status(row.status, found)


def _wait_at_most(time: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [time])


def _in_progress() -> ApiError:
    return ApiError(
        409,
        "in_progress",
        _("An equal request is being carried out. Send this one again in a moment."),
    )


def _keyed(text: str) -> str:
    return salted_hmac(SALT, text, algorithm="sha256").hexdigest()
