"""API keys: made once in the clear, stored as a hash, revocable, for a year at most.

A key has the rights of its role as far as its scopes open them. What would be more than
its maker may do himself waits for a second person: until then the key sees nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import access, audit
from register.access.interface import opened_by
from register.actors import Actor
from register.datamap.vocabulary import Action, Level, Scope
from register.errors import DomainError
from register.models import ApiKey, Role, RoleRight, User
from register.services import rights

LONGEST = timedelta(days=366)
_SCOPES, _LEVELS = list(Scope), list(Level)


@transaction.atomic
def create(
    *,
    name: str,
    scopes: list[str],
    actor: Actor,
    role: Role | None = None,
    owner: User | None = None,
    expires_at: datetime | None = None,
    secret: str = "",
) -> tuple[ApiKey, str]:
    """Create a key; the second value is shown once and can never be read again.

    Without an end it works for a year, the longest there is. Made by set-up without a
    role, it gets one that says what its scopes open. ``key.role`` is None after this
    where the role waits for a second person.

    Raises DomainError for a later end.
    """
    latest = timezone.now() + LONGEST
    if expires_at is not None and expires_at > latest:
        raise DomainError(
            "key_too_long",
            _("A key works for at most 12 months: choose an earlier end."),
        )
    if role is None and actor.user is None:
        role = _role_of(scopes)
    waits = (
        role is not None
        and actor.user is not None
        and exceeds(role, scopes, maker=actor.user)
    )
    # 256 random bits: a plain hash is enough, nothing can be guessed.
    secret = secret or f"sel_{secrets.token_urlsafe(32)}"
    key = ApiKey(
        name=name,
        prefix=secret[:8],
        key_hash=_hash(secret),
        scopes=sorted(scopes),
        role=None if waits else role,
        owner=owner or actor.user,
        created_by=actor.user,
        expires_at=expires_at or latest,
    )
    key.full_clean()
    key.save()
    audit.record("api_key.created", actor=actor, obj=key)
    if waits and role is not None:
        rights.propose_key(key, role, actor=actor)
    return key, secret


def exceeds(role: Role, scopes: Iterable[str], *, maker: User) -> bool:
    """Whether a key with this role could do or see more than who makes it."""
    mine = access.granted(maker)
    seen = set()
    for category, action, scope in role.rights.filter(
        category__in={c for c, _a in opened_by(scopes)}
    ).values_list("category", "action", "scope"):
        if (category, action) not in opened_by(scopes):
            continue
        own = mine.scope(action, category)
        if own is None or _SCOPES.index(own) < _SCOPES.index(Scope(scope)):
            return True
        if action == Action.VIEW:
            seen.add(category)
    ruled = dict(role.field_rules.values_list("field", "level"))
    return any(
        _LEVELS.index(mine.level(field.category, code))
        < _LEVELS.index(Level(ruled.get(code, Level.FULL)))
        for code, field in access.all_fields().items()
        if field.category in seen
    )


# Roles made for keys have a code that begins with it.
INTERFACE_PREFIX = "interface-"


def _role_of(scopes: Iterable[str]) -> Role:
    """Return the role that says what scopes open, of everybody, and no more."""
    wanted = sorted(set(scopes))
    letters = (scope[:2] + scope.partition(":")[2][:1] for scope in wanted)
    is_all = len(wanted) == len(ApiKey.Scope)
    role, is_new = Role.objects.get_or_create(
        code=INTERFACE_PREFIX + "-".join(letters),
        defaults={
            "name": "API: " + ("everything" if is_all else ", ".join(wanted)),
            "default_purpose": "customer_relationship",
        },
    )
    if is_new:
        RoleRight.objects.bulk_create(
            RoleRight(role=role, category=category, action=action, scope=Scope.ALL)
            for category, action in sorted(opened_by(wanted))
        )
    return role


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
