"""Addresses and numbers in their normal form, refused with a sentence staff understand."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register import identifiers
from register.errors import DomainError

SENTENCES: dict[str, Promise] = {
    "email_no_at": _("This is not an e-mail address: it has no @."),
    "email_local_part": _(
        "This is not an e-mail address: check what stands before the @."
    ),
    "email_domain": _("This is not an e-mail address: check what stands after the @."),
    "email_too_long": _("The e-mail address is too long."),
    "phone_length": _(
        "This is not a telephone number: it has too few or too many digits. Write for example 040 1234567 or +46 8 123 456."
    ),
    "business_id_form": _(
        "This is not a business id: it has seven digits, a hyphen and a check digit, for example 2327327-1."
    ),
    "business_id_check_digit": _(
        "The check digit of the business id is wrong. Check every digit."
    ),
}


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
