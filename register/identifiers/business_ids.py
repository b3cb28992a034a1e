"""Finnish business ids."""

from __future__ import annotations

import re
import unicodedata

from register.identifiers.errors import InvalidIdentifier
from register.identifiers.letters import DASHES, visible

_BUSINESS_ID = re.compile(r"(?:FI)?(\d{6,7})-?(\d)", re.IGNORECASE)


def normalise_business_id(text: str) -> str:
    """Return a Finnish business id as 2327327-1, its check digit verified.

    Takes it without the hyphen, with blanks, as a VAT number (FI23273271), and the
    old six-digit form, which gains a leading nought.

    Raises InvalidIdentifier.
    """
    from stdnum.fi import ytunnus

    compact = re.sub(r"\s", "", visible(unicodedata.normalize("NFKC", text)))
    match = _BUSINESS_ID.fullmatch(compact.translate(DASHES))
    if match is None:
        raise InvalidIdentifier(
            "business_id_form", "A business id has seven digits, a hyphen and a digit."
        )
    business_id = f"{match[1]:0>7}-{match[2]}"
    if not ytunnus.is_valid(business_id):
        raise InvalidIdentifier(
            "business_id_check_digit", "The check digit of the business id is wrong."
        )
    return business_id


def try_normalise_business_id(text: str) -> str | None:
    """Return what `normalise_business_id` does, or None where it refuses."""
    try:
        return normalise_business_id(text)
    except InvalidIdentifier:
        return None
