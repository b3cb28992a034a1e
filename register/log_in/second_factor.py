"""Who needs a second factor, and whether a session has shown one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.internal.flows.login import (
    get_authentication_records,
    record_authentication,
)
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django.http import HttpRequest

from register import access

if TYPE_CHECKING:
    from register.models import User

# What proves possession; recovery codes stand in for them and are none by themselves.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# How a session was opened that came from the identity provider; the second one where
# the provider said, and is trusted to say, that it asked for a second factor itself.
SINGLE_SIGN_ON = "sso"
VOUCHED = "sso_with_second_factor"


def is_shown(request: HttpRequest) -> bool:
    """Whether this session has passed a second factor, by the way it was made or later."""
    records = get_authentication_records(request, request.user)
    return any(
        record.get("method") == "mfa" or record.get("type") == VOUCHED
        for record in records
    )


def is_lacking(request: HttpRequest) -> bool:
    """Whether a role of the user asks for a second factor that the session has not shown."""
    user: User = request.user  # type: ignore[assignment]
    return access.needs_second_factor(user) and not is_shown(request)


def has_factors(user: User) -> bool:
    """Whether the account has an authenticator app or a passkey."""
    mine = Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS)
    return bool(mine.exists())


def is_last(authenticator: Authenticator) -> bool:
    """Whether the account would have no factor without this one."""
    others = Authenticator.objects.filter(
        user_id=authenticator.user_id, type__in=FACTORS
    ).exclude(pk=authenticator.pk)
    return authenticator.type in FACTORS and not others.exists()


def is_needed_last(authenticator: Authenticator) -> bool:
    """Whether removing it would leave somebody without the factor that a role requires."""
    return access.needs_second_factor(authenticator.user) and is_last(authenticator)


def note_shown(request: HttpRequest, kind: str) -> None:
    """Count a factor that was just set up as shown: its holder proved to have it."""
    record_authentication(request, request.user, method="mfa", type=kind)


class SecondFactorStage(AuthenticateStage):  # type: ignore[misc]
    """Asks for the second factor at log-in, unless the identity provider has asked."""

    def _should_handle(self, request: HttpRequest) -> bool:
        records = get_authentication_records(request, self.login.user)
        if any(record.get("type") == VOUCHED for record in records):
            return False
        return bool(super()._should_handle(request))
