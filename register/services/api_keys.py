"""API keys: made once in the clear, stored as a hash, revocable."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from register import audit
from register.actors import Actor
from register.models import ApiKey


@transaction.atomic
def create(
    *,
    name: str,
    scopes: list[str],
    actor: Actor,
    expires_at: datetime | None = None,
    secret: str = "",
) -> tuple[ApiKey, str]:
    """Create a key; the second value is shown once and can never be read again."""
    # 256 random bits: a plain hash is enough, nothing can be guessed.
    secret = secret or f"sel_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        name=name,
        prefix=secret[:8],
        key_hash=_hash(secret),
        scopes=sorted(scopes),
        created_by=actor.user,
        expires_at=expires_at,
    )
    key.full_clean()
    key.save()
    audit.record("api_key.created", actor=actor, obj=key)
    return key, secret


@transaction.atomic
def revoke(key: ApiKey, *, actor: Actor) -> None:
    """Make a key useless from this moment. Twice changes nothing."""
    if ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(
        revoked_at=timezone.now()
    ):
        audit.record("api_key.revoked", actor=actor, obj=key)


def key_for(secret: str) -> ApiKey | None:
    """Return the key in force that ``secret`` belongs to."""
    key = ApiKey.objects.filter(key_hash=_hash(secret), revoked_at=None).first()
    now = timezone.now()
    if key is None or (key.expires_at is not None and key.expires_at <= now):
        return None
    today = timezone.localdate()
    if key.last_used_on != today:
        ApiKey.objects.filter(pk=key.pk).update(last_used_on=today)
    return key


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
