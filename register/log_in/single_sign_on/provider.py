"""Talks to the identity provider: where it is, the way there, and what it answers.

The authorization code flow with PKCE. An answer is believed when its signature is one
of the provider's keys, and issuer, audience, time and nonce are those of this log-in;
that it came over TLS is not enough.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import logging
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

import jwt
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register import actors
from register.errors import DomainError
from register.outbound import http

logger = logging.getLogger(__name__)

# Signatures of a key pair only: none, and none by the secret that both sides know.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
# By how much the provider's clock may differ.
LEEWAY_SECONDS = 60
# A person waits, and a thread of the web with them.
SECONDS = 5.0
# No provider has a longer one (OpenID Connect Core, 2).
LONGEST_SUBJECT = 255
_ACTIVITY = "access_control"


class Refused(DomainError):
    """Nobody is logged in; the message may be shown, ``code`` is for the trail."""


_SENTENCES: dict[str, str | Promise] = {
    "unreachable": _(
        "Single sign-on cannot be reached now. Try again in a minute, or log in another way."
    ),
    "answer": _(
        "The answer of single sign-on cannot be trusted, so nobody was logged in. Try again; if it comes back, tell an administrator."
    ),
    "state": _(
        "This log-in took too long or was begun in another browser. Begin again here."
    ),
    "cancelled": _("Single sign-on was broken off."),
    "refused": _("Single sign-on did not let you in."),
    "email": _(
        "Single sign-on does not vouch for your e-mail address. Ask whoever looks after it."
    ),
    "no_account": _(
        "You have no account in the register. Ask an administrator for one."
    ),
    "disabled": _("Your account is disabled. Ask an administrator."),
    "other_identity": _(
        "The account with your e-mail address belongs to another identity of single sign-on. Ask an administrator."
    ),
}


def refuse(code: str) -> Refused:
    """Return the exception that says why nobody is logged in."""
    return Refused(code, _SENTENCES[code])


@dataclasses.dataclass(frozen=True, slots=True)
class Provider:
    """Where the identity provider has what."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    end_session: str
    wants_basic: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Attempt:
    """What one log-in was begun with; it waits in the session of the browser."""

    state: str
    nonce: str
    verifier: str

    @classmethod
    def new(cls) -> Attempt:
        """Return one that nobody can guess."""
        return cls(*(secrets.token_urlsafe(32) for _each in range(3)))


def discover() -> Provider:
    """Ask the provider where it has what. Raises Refused."""
    sso = settings.SINGLE_SIGN_ON
    url = sso.issuer.rstrip("/") + "/.well-known/openid-configuration"
    found = _ask(url, "oidc.discovery")
    if found.get("issuer") != sso.issuer:
        raise _nonsense("issuer")
    methods = found.get("token_endpoint_auth_methods_supported")
    methods = methods if isinstance(methods, list) else ["client_secret_basic"]
    return Provider(
        authorization=_address(found, "authorization_endpoint"),
        token=_address(found, "token_endpoint"),
        keys=_address(found, "jwks_uri"),
        userinfo=_address(found, "userinfo_endpoint", is_needed=False),
        end_session=_address(found, "end_session_endpoint", is_needed=False),
        wants_basic="client_secret_post" not in methods,
    )


def way_there(provider: Provider, attempt: Attempt, redirect_uri: str) -> str:
    """Return the address of the provider that the browser is sent to."""
    sso = settings.SINGLE_SIGN_ON
    challenge = hashlib.sha256(attempt.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": sso.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(dict.fromkeys(("openid", *sso.scopes))),
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if sso.factor_claim == "acr":
        query["acr_values"] = " ".join(sso.factor_words)
    mark = "&" if urlsplit(provider.authorization).query else "?"
    return f"{provider.authorization}{mark}{urlencode(query)}"


def claims(
    provider: Provider, attempt: Attempt, code: str, redirect_uri: str
) -> dict[str, Any]:
    """Give the code back for what the provider says of the person. Raises Refused."""
    sso = settings.SINGLE_SIGN_ON
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": attempt.verifier,
    }
    client = (sso.client_id, sso.client_secret)
    if not provider.wants_basic:
        form |= {"client_id": client[0], "client_secret": client[1]}
    try:
        answer = http.post_form(
            provider.token,
            form,
            basic=client if provider.wants_basic else None,
            actor=actors.system(_ACTIVITY),
            what="oidc.token",
            seconds=SECONDS,
        )
    except http.OutboundError as error:
        raise _of_outbound(error) from None
    if not isinstance(answer, dict):
        raise _nonsense("token")
    found = _verified(provider, answer.get("id_token"), attempt.nonce)
    # Some providers keep what the person is called out of the token.
    if sso.email_claim not in found and provider.userinfo:
        told = _ask(provider.userinfo, "oidc.userinfo", answer.get("access_token"))
        if told.get("sub") != found["sub"]:
            raise _nonsense("userinfo")
        found = told | found
    return found


def _verified(provider: Provider, token: Any, nonce: str) -> dict[str, Any]:
    """Return what stands in an ID token, after OpenID Connect Core 3.1.3.7."""
    sso = settings.SINGLE_SIGN_ON
    try:
        header = jwt.get_unverified_header(token)
        if header.get("alg") not in ALGORITHMS:
            raise _nonsense("algorithm")
        key = _key(_ask(provider.keys, "oidc.keys"), header.get("kid"))
        found: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=list(ALGORITHMS),
            audience=sso.client_id,
            issuer=sso.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except (jwt.PyJWTError, TypeError, ValueError, AttributeError) as error:
        raise _nonsense(type(error).__name__) from None
    subject, audience = found["sub"], found["aud"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise _nonsense("subject")
    if not hmac.compare_digest(str(found.get("nonce", "")), nonce):
        raise _nonsense("nonce")
    is_for_several = isinstance(audience, list) and len(audience) > 1
    if found.get("azp", None if is_for_several else sso.client_id) != sso.client_id:
        raise _nonsense("azp")
    return found


def _key(document: dict[str, Any], number: Any) -> jwt.PyJWK:
    """Return the key that a token names; without a name, the only one there is."""
    fitting = [
        key
        for key in jwt.PyJWKSet.from_dict(document).keys
        if key.public_key_use in (None, "sig")
        and key.key_type != "oct"
        and (number is None or key.key_id == number)
    ]
    if len(fitting) != 1:
        raise _nonsense("key")
    return fitting[0]


def _ask(url: str, what: str, bearer: Any = "") -> dict[str, Any]:
    try:
        found = http.get_json(
            url,
            {},
            actor=actors.system(_ACTIVITY),
            what=what,
            bearer=str(bearer or ""),
            seconds=SECONDS,
        )
    except http.OutboundError as error:
        raise _of_outbound(error) from None
    if not isinstance(found, dict):
        raise _nonsense(what)
    return found


def _address(found: dict[str, Any], name: str, *, is_needed: bool = True) -> str:
    """Return an address out of the provider's description of itself."""
    value = found.get(name)
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
    except ValueError:
        parts = urlsplit("")
    local = parts.scheme == "http" and parts.hostname == "127.0.0.1"
    if parts.netloc and (parts.scheme == "https" or local):
        return str(value)
    if is_needed:
        raise _nonsense(name)
    return ""


def _of_outbound(error: http.OutboundError) -> Refused:
    unreachable = ("outbound_unreachable", "outbound_slow", "outbound_busy")
    is_away = error.code in (*unreachable, "outbound_broken")
    return refuse("unreachable" if is_away else "answer")


def _nonsense(what: str) -> Refused:
    """Say in the log which part was wrong: names of claims and of errors, no values."""
    logger.warning("An answer of the identity provider was refused: %s", what)
    return refuse("answer")
