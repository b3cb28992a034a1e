"""E-mail addresses."""

from __future__ import annotations

import re

from register.identifiers.errors import InvalidIdentifier
from register.identifiers.letters import folded

_LOCAL_PART = re.compile(r"""[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff"(),:;<>@\[\\\]]+""")
_DOMAIN_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# RFC 5321, 4.5.3.1: octets.
_LONGEST_LOCAL_PART = 64
_LONGEST_EMAIL = 254


def normalise_email(text: str) -> str:
    """Return an e-mail address so that every spelling of it is the same text.

    Takes a bare address, `"Name" <address>` or a mailto: link. Compatibility forms
    (NFKC) and case are folded in the whole address, though RFC 5321 would let the
    part before the @ differ by case; no provider people use does. The domain is
    ASCII (IDNA), and must have a dot.

    Raises InvalidIdentifier.
    """
    address = folded(text).strip(" \t\r\n,;")
    if address.endswith(">"):
        address = address[address.rfind("<") + 1 : -1].strip()
    address = address.removeprefix("mailto:")
    local, at, domain = address.rpartition("@")
    if not at:
        raise InvalidIdentifier("email_no_at", "An e-mail address has an @.")
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = local[1:-1]  # quotes around a part that does not need them
    if (
        not _LOCAL_PART.fullmatch(local)
        or local.startswith(".")
        or local.endswith(".")
        or ".." in local
    ):
        raise InvalidIdentifier(
            "email_local_part",
            "The part before the @ is not that of an e-mail address.",
        )
    address = f"{local}@{_ascii_domain(domain)}"
    if (
        len(local.encode()) > _LONGEST_LOCAL_PART
        or len(address.encode()) > _LONGEST_EMAIL
    ):
        raise InvalidIdentifier("email_too_long", "The e-mail address is too long.")
    return address


def try_normalise_email(text: str) -> str | None:
    """Return what `normalise_email` does, or None where it refuses."""
    try:
        return normalise_email(text)
    except InvalidIdentifier:
        return None


def _ascii_domain(domain: str) -> str:
    try:
        # IDNA 2003, as Django's own mail does it. Cut first: the codec is slow on
        # long texts, and no domain has more than 253 octets.
        ascii_domain = domain[:_LONGEST_EMAIL].encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_domain = ""
    ascii_domain = ascii_domain.removesuffix(".")
    labels = ascii_domain.split(".")
    if (
        len(domain) > _LONGEST_EMAIL
        or len(labels) == 1
        or labels[-1].isdecimal()
        or not all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
    ):
        raise InvalidIdentifier(
            "email_domain", "The part after the @ is not the name of a mail domain."
        )
    return ascii_domain


def readable_domain(domain: str) -> str:
    """Return a domain as people write it, with the letters that IDNA encodes."""
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
