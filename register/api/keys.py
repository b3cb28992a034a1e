"""Who calls: an API key, and what its scopes let it do."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from ninja.security import HttpBearer

from register import access, actors
from register.actors import Actor
from register.api.errors import ApiError
from register.models import ApiKey
from register.services import api_keys


class ApiKeyAuth(HttpBearer):
    """Lets a request pass whose key is in force and has ``scope``."""

    def __init__(self, scope: ApiKey.Scope) -> None:
        super().__init__()
        self.scope = scope

    def authenticate(self, request: HttpRequest, token: str) -> ApiKey | None:
        """Return the key, None (401) if there is none, or refuse (403)."""
        key = api_keys.key_for(token)
        if key is not None and self.scope not in key.scopes:
            raise ApiError(
                403,
                "scope_missing",
                _("The key lacks the scope that this address asks for."),
            )
        if key is not None:
            access.read_as(key)
        return key


def key_of(request: HttpRequest) -> ApiKey:
    """Return the key that was let pass."""
    key: ApiKey = request.auth  # type: ignore[attr-defined]
    return key


def actor_of(request: HttpRequest, *, purpose: str = "") -> Actor:
    """Return the caller as actor, for ``purpose`` or the customer relationship."""
    actor = actors.of_api_key(
        key_of(request), request_id=getattr(request, "request_id", None)
    )
    return actor.with_purpose(purpose) if purpose else actor
