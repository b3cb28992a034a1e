"""Seals: the chain of keyed fingerprints over the entries of the audit trail."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from register.audit.anchor import write_anchor
from register.database.locks import Lock, advisory_lock
from register.models import AuditSeal

# One transaction seals at most this many: about 30 ms and 3 MB of text.
SEAL_BATCH = 10_000
# A transaction may commit this long after its entry got its number (a job's longest
# run is one hour). Anything that appears later was inserted by other means.
SETTLING = timedelta(days=1)

# Both begin with the ranges and walk the primary key from there: they run every minute,
# and must not read a trail of years, nor compare each entry with each seal. OFFSET 0
# forbids the planner to turn that round; it guesses a hundred ranges, each of a ninth.
_CONTENT = """
    SELECT count(*), encode(sha256(convert_to(coalesce(string_agg(
        json_build_array(id, (extract(epoch from at) * 1000000)::bigint, action,
            actor_kind, actor_id, purpose, object_type, object_id, subject_id,
            request_id, details)::text, E'\\n' ORDER BY id), ''), 'UTF8')), 'hex')
    FROM jsonb_array_elements(%s::jsonb) r
    CROSS JOIN LATERAL (
        SELECT * FROM register_auditentry
        WHERE id BETWEEN (r->>0)::bigint AND (r->>1)::bigint OFFSET 0) e
"""
UNSEALED = """
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
    ids = unsealed_ids(now, limit=SEAL_BATCH)
    if not ids:
        return 0
    ranges = _ranges(ids)
    count, content = content_of(ranges)
    last = AuditSeal.objects.first()
    previous = last.digest if last else ""
    seal = AuditSeal(
        sealed_at=now, entry_ids=ranges, entry_count=count, previous=previous
    )
    seal.digest = digest_of(seal, content)
    seal.save()
    transaction.on_commit(lambda: write_anchor(seal))
    return count


def unsealed(most: int) -> int:
    """Return how many entries wait for their seal, counting no further than ``most``."""
    return len(unsealed_ids(timezone.now(), limit=most))


def unsealed_ids(at: datetime, *, limit: int) -> list[int]:
    """Return the first entries that wait for their seal."""
    # Below the newest settled seal nothing can appear any more.
    settled = AuditSeal.objects.filter(sealed_at__lt=at - SETTLING).first()
    low, last = (settled.entry_ids[-1][1], settled.pk) if settled else (0, 0)
    with connection.cursor() as cursor:
        cursor.execute(UNSEALED, [low, last, limit])
        return [row[0] for row in cursor.fetchall()]


def content_of(ranges: list[list[int]]) -> tuple[int, str]:
    """Return how many entries stand in some ranges of ids, and the hash of what they say."""
    with connection.cursor() as cursor:
        cursor.execute(_CONTENT, [json.dumps(ranges)])
        count, digest = cursor.fetchone()
    return count, digest


def digest_of(seal: AuditSeal, content: str) -> str:
    """Return the keyed fingerprint of a seal, its entries and the seal before it."""
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
