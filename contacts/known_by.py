"""Whether an API key may find and write people by what it sends."""

from __future__ import annotations

from collections.abc import Mapping

from contacts.models import Contact, ContactPoint
from register import access
from register.api.errors import ApiError
from register.models import ApiKey

_FIELDS = {
    "email": (ContactPoint, "value", ContactPoint.Kind.EMAIL.value),
    "phone": (ContactPoint, "value", ContactPoint.Kind.PHONE.value),
    "first_name": (Contact, "first_name", ""),
    "last_name": (Contact, "last_name", ""),
    "preferred_name": (Contact, "preferred_name", ""),
    "language": (Contact, "language", ""),
}


def require(key: ApiKey, sent: Mapping[str, object]) -> None:
    """Refuse with 403 what a key's role does not see, or only reads.

    The answer names the person, so a masked number could be found by sending many.
    """
    for name, value in sent.items():
        if not value:
            continue
        model, field, kind = _FIELDS[name]
        if not access.editable(key, model, field, kind=kind):
            raise ApiError(403)
