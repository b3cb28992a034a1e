"""Reads what the environment says about single sign-on (OpenID Connect).

What is wrong is remembered by number and becomes a system check
(:mod:`register.settings_checks`); nothing here stops the settings from being read.
"""

from __future__ import annotations

import dataclasses
from urllib.parse import urlsplit

import environ

from settings import environment

_LOCAL = "127.0.0.1"
FACTOR_CLAIMS = ("amr", "acr")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class SingleSignOn:
    """The identity provider of this installation, and what it is trusted with."""

    issuer: str = ""
    client_id: str = ""
    client_secret: str = dataclasses.field(default="", repr=False)
    # On the button; empty: "single sign-on".
    name: str = ""
    # Hosts besides that of the issuer where it has its other addresses.
    more_hosts: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    email_claim: str = "email"
    verified_claim: str = "email_verified"
    # "amr" or "acr" and the words there that mean: a second factor was shown.
    factor_claim: str = ""
    factor_words: tuple[str, ...] = ()
    # Whether somebody without an account gets one, which has no role.
    makes_accounts: bool = False
    groups_claim: str = "groups"
    # Pairs of a group of the provider and the code of a role.
    group_roles: tuple[tuple[str, str], ...] = ()
    # Accounts that came by it once log in no other way, but for the last list.
    is_only_way: bool = False
    break_glass: tuple[str, ...] = ()

    @property
    def is_on(self) -> bool:
        """Whether the log-in page offers it."""
        return bool(self.issuer and self.client_id and self.client_secret)

    @property
    def hosts(self) -> list[str]:
        """Return the hosts that may be asked over HTTP."""
        if not self.is_on:
            return []
        return [host for host in (_host(self.issuer), *self.more_hosts) if host]


@dataclasses.dataclass(frozen=True, slots=True)
class Fault:
    """What of the settings cannot be used, and what to write instead."""

    code: str
    wrong: str
    hint: str


def read(env: environ.Env) -> SingleSignOn:
    """Return what the environment says; unset variables mean that there is none."""
    claim, _colon, words = env.str("SSO_SECOND_FACTOR", default="").partition(":")
    return SingleSignOn(
        issuer=env.str("SSO_ISSUER", default="").strip(),
        client_id=env.str("SSO_CLIENT_ID", default="").strip(),
        client_secret=environment.secret("SSO_CLIENT_SECRET"),
        name=env.str("SSO_NAME", default="").strip(),
        more_hosts=_words(env.str("SSO_HOSTS", default="")),
        scopes=tuple(
            env.str("SSO_SCOPES", default="openid profile email")
            .replace(",", " ")
            .split()
        ),
        email_claim=env.str("SSO_EMAIL_CLAIM", default="email"),
        verified_claim=env.str("SSO_EMAIL_VERIFIED_CLAIM", default="email_verified"),
        factor_claim=claim.strip(),
        factor_words=_words(words),
        makes_accounts=env.bool("SSO_NEW_ACCOUNTS", default=False),
        groups_claim=env.str("SSO_GROUPS_CLAIM", default="groups"),
        group_roles=_pairs(env.str("SSO_GROUP_ROLES", default="")),
        is_only_way=env.bool("SSO_ONLY", default=False),
        break_glass=tuple(
            address.lower()
            for address in _words(env.str("SSO_BREAK_GLASS", default=""))
        ),
    )


def faults(sso: SingleSignOn) -> list[Fault]:
    """Return what cannot be used of it, one sentence each."""
    given = (sso.issuer, sso.client_id, sso.client_secret)
    found = []
    if any(given) and not all(given):
        found.append(
            Fault(
                "E110",
                "Single sign-on is set in part only, so it is not offered.",
                "Set SSO_ISSUER, SSO_CLIENT_ID and SSO_CLIENT_SECRET (or SSO_CLIENT_SECRET_FILE), or none of them.",
            )
        )
    if sso.issuer and not _is_issuer(sso.issuer):
        found.append(
            Fault(
                "E111",
                "SSO_ISSUER is not the address of an identity provider.",
                "Write what the provider calls its issuer, https://login.example.fi/realm, without /.well-known/openid-configuration, question mark or #.",
            )
        )
    if sso.factor_claim and not (
        sso.factor_claim in FACTOR_CLAIMS and sso.factor_words
    ):
        found.append(
            Fault(
                "E112",
                "SSO_SECOND_FACTOR does not say by which words the provider tells of a second factor.",
                "Write amr:mfa,otp,hwk or acr: and the values of your provider; unset, the register asks for its own second factor.",
            )
        )
    if any(not group or not role for group, role in sso.group_roles):
        found.append(
            Fault(
                "E113",
                "SSO_GROUP_ROLES has an entry that is no group with a role.",
                "Write group=role; group=role, with codes of roles as they stand on their pages: sales, service, marketing.",
            )
        )
    if sso.is_only_way and not (sso.is_on and sso.break_glass):
        found.append(
            Fault(
                "E114",
                "SSO_ONLY would leave nobody a way in while the identity provider is away.",
                "Set up single sign-on, and name in SSO_BREAK_GLASS the e-mail address of an administrator's account that keeps its password, or unset SSO_ONLY.",
            )
        )
    return found


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    """Read ``group=role; group=role``; a group may hold commas and equal signs (LDAP)."""
    pairs = []
    for part in filter(None, map(str.strip, text.split(";"))):
        group, _is, role = part.rpartition("=")
        pairs.append((group.strip(), role.strip()))
    return tuple(pairs)


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""


def _is_issuer(url: str) -> bool:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where no number stands
    except ValueError:
        return False
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname == _LOCAL
    )
    return (
        is_safe
        and bool(parts.hostname)
        and not (parts.query or parts.fragment or parts.username)
        and "/.well-known/" not in url
    )
