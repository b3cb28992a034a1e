"""What stands in place of a value whose reader may only know that there is one."""

from __future__ import annotations

import phonenumbers

from register.datamap.vocabulary import Identifier

MASK = "•••"
LAST_DIGITS = 4


def masked(value: object, kinds: tuple[Identifier, ...] = ()) -> str:
    """Return the mask of a value; nothing has none.

    Of a telephone number the country and the last four digits are left, of an e-mail
    address the first letter and the domain, of anything else nothing: not its length.
    """
    text = str(value or "").strip()
    if not text:
        return ""
    if Identifier.EMAIL in kinds and "@" in text:
        name, _at, domain = text.rpartition("@")
        return f"{name[:1] if len(name) > 2 else ''}{MASK}@{domain}"
    if Identifier.PHONE in kinds:
        return _number(text)
    return MASK


def _number(text: str) -> str:
    digits = "".join(c for c in text if c.isdigit())
    # Of a short number, four digits would be most of it.
    if len(digits) < 2 * LAST_DIGITS:
        return MASK
    last = f"{digits[-4:-2]} {digits[-2:]}"
    try:
        country = f"+{phonenumbers.parse(text).country_code} "
    except phonenumbers.NumberParseException:
        country = ""
    return f"{country}•• ••• {last}"
