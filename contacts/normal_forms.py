"""Addresses and numbers in their normal form, refused with a sentence staff understand."""

from __future__ import annotations

from collections.abc import Callable

from register import identifiers
from register.errors import DomainError
from register.identifiers.wording import SENTENCES


def email(text: str) -> str:
    """Return an e-mail address in lower case. Raises DomainError."""
    return _normal(identifiers.normalise_email, text)


def phone(text: str) -> str:
    """Return a telephone number in E.164, Finnish if no country is given. Raises DomainError."""
    return _normal(identifiers.normalise_phone, text)


def business_id(text: str) -> str:
    """Return a business id with its hyphen, its check digit verified. Raises DomainError."""
    return _normal(identifiers.normalise_business_id, text)


def _normal(normalise: Callable[[str], str], text: str) -> str:
    try:
        return normalise(text)
    except identifiers.InvalidIdentifier as error:
        raise DomainError(
            error.code, SENTENCES.get(error.code, error.message)
        ) from None
