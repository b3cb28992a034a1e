"""Identifiers of people and companies, in the one form in which spellings meet.

A prohibition that does not recognise " Anna@Example.FI" is no prohibition, and a
search that misses one spelling makes an access request incomplete. So whatever is
stored for look-up, hashed or compared goes through here, and applying a function to
its own result changes nothing.

What cannot be read is refused with `InvalidIdentifier`; its message never repeats
the text, which may be personal data. The `try_` functions return None instead.
"""

from __future__ import annotations

from register.identifiers.business_ids import (
    normalise_business_id,
    try_normalise_business_id,
)
from register.identifiers.emails import normalise_email, try_normalise_email
from register.identifiers.errors import InvalidIdentifier
from register.identifiers.names import name_words, normalise_name
from register.identifiers.personal_identity_codes import find_personal_identity_codes
from register.identifiers.phones import (
    normalise_phone,
    phone_digits_variants,
    try_normalise_phone,
)
from register.identifiers.search_words import search_prefixes, search_words

__all__ = [
    "InvalidIdentifier",
    "find_personal_identity_codes",
    "name_words",
    "normalise_business_id",
    "normalise_email",
    "normalise_name",
    "normalise_phone",
    "phone_digits_variants",
    "search_prefixes",
    "search_words",
    "try_normalise_business_id",
    "try_normalise_email",
    "try_normalise_phone",
]
