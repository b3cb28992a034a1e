"""Accounts that are locked because of failed attempts: seeing and unlocking them.

The counts stand in Redis under a hash of the address, and end by themselves; there is
no row about an attempt but the entry in the audit trail.
"""

from __future__ import annotations

import time

import redis
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest

from register import audit
from register.actors import Actor
from register.log_in.adapters import AccountAdapter
from register.models import User

_APP, _ACTION = "allauth.account", "login_failed"


def _keys(request: HttpRequest, user: User) -> tuple[str, str]:
    """Return under what failed passwords and failed codes of the account are counted."""
    by_password = AccountAdapter(request)._get_login_attempts_cache_key(
        request, email=user.email
    )
    return by_password, f"mfa-auth-user-{user.pk}"


def is_locked(request: HttpRequest, user: User) -> bool:
    """Whether the right password or code would be refused now.

    False without Redis: then nobody logs in by either, and the screens serve on.
    """
    try:
        return _is_counted_out(request, user)
    except redis.exceptions.RedisError:
        return False


def _is_counted_out(request: HttpRequest, user: User) -> bool:
    rates = [
        rate
        for rate in ratelimit.get_rates(app=_APP, action=_ACTION, config=None)
        if rate.per == "key"
    ]
    now = time.time()
    for rate in rates:
        for key in _keys(request, user):
            cache_key = ratelimit.get_cache_key(
                request, app=_APP, action=_ACTION, rate=rate, key=key
            )
            history = cache.get(cache_key, [])
            allowed, _history = ratelimit.apply_rate(history, now, rate, dry_run=True)
            if not allowed:
                return True
    return False


def unlock(request: HttpRequest, user: User, *, actor: Actor) -> None:
    """Forget the failed attempts on the account. Attempts of one browser stay counted."""
    rates = ratelimit.get_rates(app=_APP, action=_ACTION, config=None)
    for key in _keys(request, user):
        for rate in rates:
            if rate.per == "key":
                cache_key = ratelimit.get_cache_key(
                    request, app=_APP, action=_ACTION, rate=rate, key=key
                )
                cache.delete(cache_key)
    audit.record("staff.unlocked", actor=actor, obj=user)
