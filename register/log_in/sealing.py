"""Seals the secrets of second factors before they reach the database."""

from __future__ import annotations

import base64
import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _


@lru_cache(maxsize=4)
def _keys(values: tuple[str, ...]) -> MultiFernet:
    """Return the keys in force: the first one seals, all of them open."""
    return MultiFernet(
        [
            Fernet(
                base64.urlsafe_b64encode(
                    hashlib.sha256(f"second factor:{value}".encode()).digest()
                )
            )
            for value in values
        ]
    )


def seal(text: str) -> str:
    """Return the secret as it is stored."""
    return _keys(tuple(settings.SECOND_FACTOR_KEYS)).encrypt(text.encode()).decode()


def unseal(sealed: str) -> str:
    """Return a stored secret. Raises ValidationError if no key in force opens it."""
    try:
        opened = _keys(tuple(settings.SECOND_FACTOR_KEYS)).decrypt(sealed.encode())
    except InvalidToken as error:
        raise ValidationError(
            _(
                "The second factor of this account cannot be read, because its key is missing. Ask an administrator."
            )
        ) from error
    return opened.decode()
