"""Finding out whether somebody tampered with the audit trail."""

from __future__ import annotations

import dataclasses
import hmac
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone

from register.audit.anchor import anchor_path, read_anchor
from register.audit.sealing import (
    SETTLING,
    UNSEALED,
    content_of,
    digest_of,
    unsealed_ids,
)
from register.models import AuditEntry, AuditSeal

# Dated before seals that do not know them. OFFSET 0 as in sealing.
LATE = """
    SELECT e.id FROM register_auditseal s, jsonb_array_elements(s.entry_ids) r
    CROSS JOIN LATERAL (
        SELECT id, at FROM register_auditentry
        WHERE id BETWEEN (r->>0)::bigint AND (r->>1)::bigint OFFSET 0) e
    WHERE e.at < s.sealed_at - %(settling)s::interval AND EXISTS (
        SELECT 1 FROM register_auditseal before
        WHERE before.id < s.id AND before.sealed_at
            BETWEEN e.at AND s.sealed_at - %(settling)s::interval)
"""
# The end of the trail that is looked at in bounded time: a quarter of a second.
NEWEST_SEALS, NEWEST_ENTRIES = 100, 50_000


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the trail, in words for the operator."""

    kind: str
    where: str
    # The file outside the database is newer: so it is after restoring a backup, too.
    is_end_missing: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.where}"


def verify(*, at: datetime | None = None) -> Iterator[Problem]:
    """Yield every sign that the trail was tampered with."""
    now = at or timezone.now()
    # Before the seals: whoever seals meanwhile would otherwise be taken for a loss.
    anchor = read_anchor()
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
    anchor = read_anchor()
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
    ids = unsealed_ids(now, limit=1)
    first = AuditEntry.objects.filter(pk__in=ids).first()
    return first.at if first else None


def _broken_link(seal: AuditSeal, previous: str) -> Iterator[Problem]:
    """Yield what is wrong with a seal that should follow the fingerprint ``previous``."""
    expected = sum(end - start + 1 for start, end in seal.entry_ids)
    where = f"seal {seal.pk}, entries {_in_words(seal.entry_ids)}"
    count, content = content_of(seal.entry_ids)
    if seal.previous != previous:
        yield Problem("missing", f"the seal before {seal.pk}")
    if count < expected:
        yield Problem("missing", f"{expected - count} of the entries of {where}")
    elif not hmac.compare_digest(seal.digest, digest_of(seal, content)):
        yield Problem("changed", where)


def _inserted(now: datetime) -> Iterator[Problem]:
    """Yield entries that no seal covers although they should long have been sealed."""
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED, [0, 0, 1000])
        unsealed = [row[0] for row in cursor.fetchall()]
        cursor.execute(
            LATE,
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
        newest = f"the newest here is {last.pk}" if last else "here is none"
        yield Problem(
            "missing",
            f"seal {anchor['seal']}, which {name} names as the newest; {newest}",
            is_end_missing=True,
        )
    else:
        known = AuditSeal.objects.filter(pk=anchor["seal"]).first()
        if known is None or known.digest != anchor["digest"]:
            yield Problem(
                "changed", f"seal {anchor['seal']} is not the one {name} names"
            )


def _in_words(ranges: list[list[int]]) -> str:
    return f"{ranges[0][0]}–{ranges[-1][1]}"
