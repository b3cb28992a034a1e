"""Keyed hashes of addresses: a refusal is recognised, but nobody can read it.

The hash has keys of its own (``ADDRESS_HASH_KEYS``, newest first): changing another
secret must not silently lift every refusal. New hashes use the newest key, look-ups
try every key, so an old key may be put away only when none of its hashes is left.
"""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from collections.abc import Iterator

from django.conf import settings

from register.identifiers import normalise_email, normalise_phone


@dataclasses.dataclass(frozen=True, slots=True)
class KeyedHash:
    """A hash and the id of the key that made it."""

    key_id: str
    digest: str


def normalise_address(address: str) -> str:
    """Return an e-mail address or telephone number in its normal form.

    Raises :class:`register.identifiers.InvalidIdentifier` for what is neither.
    """
    return normalise_email(address) if "@" in address else normalise_phone(address)


def hashes_of(address: str) -> list[KeyedHash]:
    """Return the hashes of an address under every key in force, the newest first.

    Any spelling of an address gives the same hashes. Raises InvalidIdentifier.
    """
    return hashes_of_normal(normalise_address(address))


def hashes_of_normal(address: str) -> list[KeyedHash]:
    """Return the hashes of an address that is in its normal form already."""
    message = address.encode()
    return [
        KeyedHash(key_id, hmac.new(secret, message, hashlib.sha256).hexdigest())
        for key_id, secret in _keys()
    ]


def _keys() -> Iterator[tuple[str, bytes]]:
    for key in settings.ADDRESS_HASH_KEYS:
        key_id, _, secret = key.partition(":")
        yield key_id, secret.encode()
