"""Whose account the person has whom the identity provider vouches for, and its roles.

An account is found by the number that the provider never gives to somebody else. Its
verified e-mail address counts once, for an account that has no number yet: whoever is
given another's address at the provider later does not get into the other's account.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import actors, audit
from register.actors import Actor
from register.log_in.single_sign_on.provider import refuse
from register.models import StaffIdentity, User
from register.services import staff

audit.register_actions(
    {
        "staff.identity_linked": _("linked an account with single sign-on"),
        "staff.identity_unlinked": _("ended the link with single sign-on"),
    }
)
_TRUE = (True, "true", 1, "1")


@transaction.atomic
def admit(claims: dict[str, Any]) -> User:
    """Return the account of the person, linked, with the roles of the groups.

    Raises Refused; then nothing is changed.
    """
    sso = settings.SINGLE_SIGN_ON
    actor = actors.system("access_control")
    identity = (
        StaffIdentity.objects.select_for_update(of=("self",))
        .select_related("user")
        .filter(issuer=sso.issuer, subject=claims["sub"])
        .first()
    ) or _link(claims, actor)
    if not identity.user.is_active:
        raise refuse("disabled")
    if sso.group_roles:
        _follow_groups(identity, claims, actor)
    identity.last_used_at = timezone.now()
    identity.save(update_fields=["last_used_at", "group_roles"])
    return identity.user


def vouches_for_factor(claims: dict[str, Any]) -> bool:
    """Whether the provider says, in the words it was trusted with, that two were shown."""
    sso = settings.SINGLE_SIGN_ON
    told = claims.get(sso.factor_claim) if sso.factor_claim else None
    words = told if isinstance(told, list) else [told]
    return any(isinstance(w, str) and w in sso.factor_words for w in words)


def must_use_it(user: User) -> bool:
    """Whether the account logs in by the provider and in no other way."""
    sso = settings.SINGLE_SIGN_ON
    return bool(
        sso.is_on
        and sso.is_only_way
        and user.email not in sso.break_glass
        and user.identities.filter(issuer=sso.issuer).exists()
    )


@transaction.atomic
def unlink(user: User, *, actor: Actor) -> bool:
    """End the link of an account; its verified address links it anew. False if none."""
    found = StaffIdentity.objects.filter(user=user)
    if not found.delete()[0]:
        return False
    audit.record("staff.identity_unlinked", actor=actor, obj=user)
    return True


def _link(claims: dict[str, Any], actor: Actor) -> StaffIdentity:
    """Link the account that has the verified address of the person."""
    sso = settings.SINGLE_SIGN_ON
    address = claims.get(sso.email_claim)
    if (
        not isinstance(address, str)
        or "@" not in address
        or "\0" in address
        or claims.get(sso.verified_claim) not in _TRUE
    ):
        raise refuse("email")
    user = (
        User.objects.select_for_update().filter(email=address.strip().lower()).first()
    )
    if user is None:
        if not sso.makes_accounts:
            raise refuse("no_account")
        user = _new_account(address, claims, actor)
    if not user.is_active:
        raise refuse("disabled")
    if user.identities.filter(issuer=sso.issuer).exists():
        raise refuse("other_identity")
    identity = StaffIdentity(user=user, issuer=sso.issuer, subject=claims["sub"])
    try:
        identity.full_clean()
    except ValidationError:  # a number that no provider gives
        raise refuse("answer") from None
    identity.save()
    audit.record("staff.identity_linked", actor=actor, obj=user)
    return identity


def _new_account(address: str, claims: dict[str, Any], actor: Actor) -> User:
    """Make an account without roles: it sees nothing until somebody gives it one."""
    whole = " ".join(str(claims.get("name") or "").split())
    first, _space, last = whole.rpartition(" ")
    alone = address.partition("@")[0]
    names = {
        "first_name": str(claims.get("given_name") or first or alone)[:80],
        "last_name": str(claims.get("family_name") or last or alone)[:80],
    }
    locale = str(claims.get("locale") or "")[:2].lower()
    is_known = locale in dict(settings.LANGUAGES)
    language = locale if is_known else settings.LANGUAGE_CODE
    try:
        user = User.objects.create_user(address, None, language=language, **names)
    except ValidationError:  # an address or a name that no account can have
        raise refuse("email") from None
    audit.record("record.added", actor=actor, obj=user)
    return user


def _follow_groups(
    identity: StaffIdentity, claims: dict[str, Any], actor: Actor
) -> None:
    """Give and take the roles that belong to groups, and no others."""
    sso = settings.SINGLE_SIGN_ON
    told = claims.get(sso.groups_claim)
    groups = set(map(str, told)) if isinstance(told, list) else {str(told or "")}
    wanted = {role for group, role in sso.group_roles if group in groups}
    identity.group_roles = staff.follow_groups(
        identity.user, wanted, before=set(identity.group_roles), actor=actor
    )
