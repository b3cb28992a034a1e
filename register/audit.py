"""The audit trail: who saw and did what, for which purpose.

Entries carry ids and codes, never values, so erasing a person leaves them true and
whole. They are inserted plainly and sealed afterwards in chained batches: a seal
holds a keyed fingerprint of its entries and of the seal before it. A changed,
missing or inserted entry is found by :func:`verify`; the newest seal is written to
a file outside the database too, so that cutting off the end is found as well.
"""

from __future__ import annotations

import dataclasses
import fcntl
import hashlib
import hmac
import json
import os
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.models import AuditEntry, AuditSeal

# One transaction seals at most this many: about 30 ms and 3 MB of text.
SEAL_BATCH = 10_000
# The end of the trail that is looked at in bounded time: a quarter of a second.
NEWEST_SEALS, NEWEST_ENTRIES = 100, 50_000
# A transaction may commit this long after its entry got its number (a job's longest
# run is one hour). Anything that appears later was inserted by other means.
SETTLING = timedelta(days=1)

ACTIONS: dict[str, str | Promise] = {}
# Of an entry, besides its number and the time.
_COLUMNS = (
    "action",
    "actor_kind",
    "actor_id",
    "purpose",
    "request_id",
    "object_type",
    "object_id",
    "subject_id",
    "details",
)


def register_actions(actions: dict[str, str | Promise]) -> None:
    """Make action codes known: past tense, dotted. An unknown code is refused."""
    ACTIONS.update(actions)


register_actions(
    {
        "record.viewed": _("looked at a record"),
        "record.listed": _("looked at a list"),
        "record.added": _("added a record"),
        "record.changed": _("changed a record"),
        "record.deleted": _("deleted a record"),
        "register.searched": _("searched"),
        "job.ordered": _("ordered a job"),
        "approval.asked": _("asked for approval"),
        "approval.approved": _("approved"),
        "approval.rejected": _("rejected"),
        "approval.withdrawn": _("withdrew a request for approval"),
        "hold.placed": _("placed a hold"),
        "hold.released": _("released a hold"),
        "api_key.created": _("created an API key"),
        "api_key.revoked": _("revoked an API key"),
        "staff.logged_in": _("logged in"),
        "staff.logged_out": _("logged out"),
        "staff.log_in_failed": _("log-in failed"),
        "staff.password_changed": _("changed a password"),
        "staff.role_granted": _("granted a role"),
        "staff.role_removed": _("removed a role"),
        "controller.changed": _("changed the controller"),
        "role.right_given": _("gave a role a right"),
        "role.right_taken": _("took a right from a role"),
        "purpose.chosen": _("chose a purpose of use"),
        "data_map.exported": _("exported the data map"),
    }
)


def record(
    action: str,
    *,
    actor: Actor,
    obj: models.Model | None = None,
    object_type: str = "",
    object_id: str | int | uuid.UUID = "",
    subject_id: uuid.UUID | None = None,
    **details: Any,
) -> AuditEntry:
    """Write one entry in the current transaction.

    ``subject_id`` is the person it concerns; it defaults to ``obj`` where that is
    a person's own record. ``details`` may hold only the keys the data map declares.
    Raises ``ValueError`` for an unregistered action.
    """
    return AuditEntry.objects.create(
        **entry_values(
            action,
            actor=actor,
            obj=obj,
            object_type=object_type,
            object_id=object_id,
            subject_id=subject_id,
            **details,
        )
    )


def record_many(entries: list[dict[str, Any]]) -> None:
    """Write several entries (see :func:`entry_values`) with one statement."""
    if not entries:
        return
    at = timezone.now()
    # A tenth of the time of a bulk_create, whose statement is megabytes of text.
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY register_auditentry (at, {', '.join(_COLUMNS)}) FROM STDIN"
        ) as copy,
    ):
        for entry in entries:
            values = {
                **entry,
                "actor_kind": str(entry["actor_kind"]),
                "details": json.dumps(entry["details"]),
            }
            copy.write_row((at, *(values[column] for column in _COLUMNS)))


def entry_values(
    action: str,
    *,
    actor: Actor,
    obj: models.Model | None = None,
    object_type: str = "",
    object_id: str | int | uuid.UUID = "",
    subject_id: uuid.UUID | None = None,
    **details: Any,
) -> dict[str, Any]:
    """Return the fields of an entry, checked; for :func:`record_many`."""
    if action not in ACTIONS:
        raise ValueError(f"The audit action {action!r} is not registered.")
    if obj is not None:
        object_type, object_id = obj._meta.label_lower, obj.pk
        if subject_id is None and object_type == "contacts.contact":
            subject_id = obj.pk
    return {
        "action": action,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "purpose": actor.purpose,
        "request_id": actor.request_id,
        "object_type": object_type,
        "object_id": str(object_id),
        "subject_id": subject_id,
        "details": details,
    }


# --- sealing ------------------------------------------------------------------------

# Both begin with the ranges and walk the primary key from there: they run every minute,
# and must not read a trail of years, nor compare each entry with each seal.
_CONTENT = """
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
        json_build_array(id, (extract(epoch from at) * 1000000)::bigint, action,
            actor_kind, actor_id, purpose, object_type, object_id, subject_id,
            request_id, details)::text, E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')
    FROM jsonb_array_elements(%s::jsonb) r
    JOIN register_auditentry ON id BETWEEN (r->>0)::bigint AND (r->>1)::bigint
"""
_UNSEALED = """
    WITH gaps AS (
        SELECT unnest(int8multirange(int8range(%s, NULL, '()')) - coalesce(
            range_agg(int8range((r->>0)::bigint, (r->>1)::bigint, '[]')), '{}')) AS gap
        FROM register_auditseal s, jsonb_array_elements(s.entry_ids) r WHERE s.id > %s)
    SELECT e.id FROM gaps CROSS JOIN LATERAL (
        SELECT id FROM register_auditentry
        WHERE id >= lower(gap) AND id < coalesce(upper(gap), 9223372036854775807)
        ORDER BY id) e
    ORDER BY id LIMIT %s
"""


@transaction.atomic
def seal(*, at: datetime | None = None) -> int:
    """Seal the entries that have no seal yet; return how many were sealed.

    Safe to run twice at once: the second waits and then finds nothing to do.
    """
    now = at or timezone.now()
    advisory_lock(Lock.AUDIT_SEAL)
    ids = _unsealed(now, limit=SEAL_BATCH)
    if not ids:
        return 0
    ranges = _ranges(ids)
    count, content = _content(ranges)
    last = AuditSeal.objects.first()
    previous = last.digest if last else ""
    seal = AuditSeal(
        sealed_at=now, entry_ids=ranges, entry_count=count, previous=previous
    )
    seal.digest = _digest(seal, content)
    seal.save()
    transaction.on_commit(lambda: _write_anchor(seal))
    return count


def unsealed(most: int) -> int:
    """Return how many entries wait for their seal, counting no further than ``most``."""
    return len(_unsealed(timezone.now(), limit=most))


def _unsealed(at: datetime, *, limit: int) -> list[int]:
    """Return the first entries that wait for their seal."""
    # Below the newest settled seal nothing can appear any more.
    settled = AuditSeal.objects.filter(sealed_at__lt=at - SETTLING).first()
    low, last = (settled.entry_ids[-1][1], settled.pk) if settled else (0, 0)
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [low, last, limit])
        return [row[0] for row in cursor.fetchall()]


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the trail, in words for the operator."""

    kind: str
    where: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}"


def verify(*, at: datetime | None = None) -> Iterator[Problem]:
    """Yield every sign that the trail was tampered with."""
    now = at or timezone.now()
    # Before the seals: whoever seals meanwhile would otherwise be taken for a loss.
    anchor = _read_anchor()
    previous, last = "", None
    for seal in AuditSeal.objects.order_by("id").iterator(chunk_size=500):
        yield from _broken_link(seal, previous)
        previous, last = seal.digest, seal
    yield from _inserted(now)
    yield from _cut_off(last, anchor)


@dataclasses.dataclass(frozen=True, slots=True)
class NewestPart:
    """How the newest part of the trail stands, and since when anything has no seal."""

    seals: int
    entries: int
    problems: list[Problem]
    unsealed_since: datetime | None


def verify_newest(*, at: datetime | None = None) -> NewestPart:
    """Check the end of the trail in bounded time; :func:`verify` checks all of it."""
    anchor = _read_anchor()
    seals: list[AuditSeal] = []
    for seal in AuditSeal.objects.all()[:NEWEST_SEALS]:
        seals.append(seal)
        if sum(each.entry_count for each in seals) >= NEWEST_ENTRIES:
            break
    seals.reverse()
    before = AuditSeal.objects.filter(pk__lt=seals[0].pk).first() if seals else None
    previous, problems = before.digest if before else "", list[Problem]()
    for seal in seals:
        problems.extend(_broken_link(seal, previous))
        previous = seal.digest
    problems.extend(_cut_off(seals[-1] if seals else None, anchor))
    return NewestPart(
        len(seals),
        sum(seal.entry_count for seal in seals),
        problems,
        _unsealed_since(at or timezone.now()),
    )


def _unsealed_since(now: datetime) -> datetime | None:
    """Return the time of the first entry without a seal, but of old ones see :func:`verify`."""
    ids = _unsealed(now, limit=1)
    first = AuditEntry.objects.filter(pk__in=ids).first()
    return first.at if first else None


def _broken_link(seal: AuditSeal, previous: str) -> Iterator[Problem]:
    """Yield what is wrong with a seal that should follow the fingerprint ``previous``."""
    expected = sum(end - start + 1 for start, end in seal.entry_ids)
    where = f"seal {seal.pk}, entries {_in_words(seal.entry_ids)}"
    count, content = _content(seal.entry_ids)
    if seal.previous != previous:
        yield Problem("missing", f"the seal before {seal.pk}")
    if count < expected:
        yield Problem("missing", f"{expected - count} of the entries of {where}")
    elif not hmac.compare_digest(seal.digest, _digest(seal, content)):
        yield Problem("changed", where)


def _inserted(now: datetime) -> Iterator[Problem]:
    """Yield entries that no seal covers although they should long have been sealed."""
    with connection.cursor() as cursor:
        cursor.execute(_UNSEALED, [0, 0, 1000])
        unsealed = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            """
            SELECT e.id FROM register_auditentry e, register_auditseal s,
                jsonb_array_elements(s.entry_ids) r
            WHERE e.id BETWEEN (r->>0)::bigint AND (r->>1)::bigint
              AND e.at < s.sealed_at - %(settling)s::interval AND EXISTS (
                  SELECT 1 FROM register_auditseal before
                  WHERE before.id < s.id AND before.sealed_at
                      BETWEEN e.at AND s.sealed_at - %(settling)s::interval)
            """,
            {"settling": f"{SETTLING.total_seconds()} seconds"},
        )
        late = [row[0] for row in cursor.fetchall()]
    newest = AuditSeal.objects.first()
    for entry in AuditEntry.objects.filter(pk__in=unsealed).order_by("pk"):
        sealed_after = newest is not None and entry.pk <= newest.entry_ids[-1][1]
        if entry.at < now - SETTLING and sealed_after:
            yield Problem(
                "inserted", f"entry {entry.pk} is older than its neighbours' seals"
            )
    for pk in late:
        yield Problem(
            "inserted", f"entry {pk} is dated before seals that do not know it"
        )


def _cut_off(
    last: AuditSeal | None, anchor: dict[str, Any] | None
) -> Iterator[Problem]:
    """Yield a problem when the file outside the database knows a later seal."""
    if anchor is None:
        return
    name = anchor_path().name
    if last is None or anchor["seal"] > last.pk:
        yield Problem(
            "missing", f"seal {anchor['seal']}, which {name} names as the newest"
        )
    else:
        known = AuditSeal.objects.filter(pk=anchor["seal"]).first()
        if known is None or known.digest != anchor["digest"]:
            yield Problem(
                "changed", f"seal {anchor['seal']} is not the one {name} names"
            )


def anchor_path() -> Path:
    """Return the file that names the newest seal; keep it on another machine's disk."""
    return Path(settings.AUDIT_ANCHOR_FILE)


def _read_anchor() -> dict[str, Any] | None:
    try:
        anchor: dict[str, Any] = json.loads(anchor_path().read_text())
    except FileNotFoundError:
        return None
    return anchor


def _write_anchor(seal: AuditSeal) -> None:
    path = anchor_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Sealers queue up for sealing, but not between their commit and this file. The lock
    # lies in a file of its own, because the other is replaced.
    with path.with_name(f"{path.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = _read_anchor()
        if known is not None and known["seal"] >= seal.pk:
            return
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps({"seal": seal.pk, "digest": seal.digest}))
        draft.replace(path)


def _content(ranges: list[list[int]]) -> tuple[int, str]:
    with connection.cursor() as cursor:
        cursor.execute(_CONTENT, [json.dumps(ranges)])
        count, digest = cursor.fetchone()
    return count, digest


def _digest(seal: AuditSeal, content: str) -> str:
    message = json.dumps(
        [
            seal.previous,
            seal.sealed_at.isoformat(),
            seal.entry_ids,
            seal.entry_count,
            content,
        ]
    )
    return hmac.new(
        settings.AUDIT_KEY.encode(), message.encode(), hashlib.sha256
    ).hexdigest()


def _ranges(ids: list[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for number in ids:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ranges


def _in_words(ranges: list[list[int]]) -> str:
    return f"{ranges[0][0]}–{ranges[-1][1]}"
