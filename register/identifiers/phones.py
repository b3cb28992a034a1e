"""Telephone numbers."""

from __future__ import annotations

import re
import unicodedata

from register.identifiers.errors import InvalidIdentifier
from register.identifiers.letters import DASHES, decimal_digits, visible

# Possessive, so that no text, however long, is read more than a few times over.
_PHONE = re.compile(r"\d[\d\s().\-/]*+")
_FINNISH_PHONE = re.compile(r"(?:\+358|0)[ -]?[1-9](?:[ -]?\d){4,11}", re.ASCII)


def normalise_phone(text: str, region: str = "FI") -> str:
    """Return a telephone number in E.164, such as +358401234567.

    Takes national and international forms, 00 for +, an optional (0), blanks, dots,
    hyphens and slashes, and words around it. An extension is dropped: it is the
    same line. `region` is the country (ISO 3166-1) of numbers without one.

    Only a possible length is asked for, not that the number range is in use: ranges
    open faster than libraries learn of them, and a refused number would be lost.

    Raises InvalidIdentifier.
    """
    if region == "FI" and _FINNISH_PHONE.fullmatch(text):
        digits = decimal_digits(text)  # a hundredth of the time it takes the library
        return f"+358{digits.removeprefix('358').removeprefix('0')}"
    from phonenumbers import (  # 0.1 s and 15 MB: only where numbers are handled
        NumberParseException,
        PhoneNumberFormat,
        format_number,
        is_possible_number,
        parse,
    )

    plain = visible(unicodedata.normalize("NFKC", text)).translate(DASHES)
    # Cut out first: the library would read letters after a number as more digits.
    for found in _PHONE.finditer(plain):
        before = plain[max(0, found.start() - 3) : found.start()].rstrip(" (")
        plus = "+" if before.endswith("+") else ""
        try:
            number = parse(plus + found.group(), region)
        except NumberParseException:
            continue
        if is_possible_number(number):
            e164 = format_number(number, PhoneNumberFormat.E164)
            # A second nought too many ("+358 00 244") goes only at a second reading.
            if number.italian_leading_zero and e164 != plain:
                return normalise_phone(e164)
            return e164
    raise InvalidIdentifier(
        "phone_length", "The telephone number has too few or too many digits."
    )


def try_normalise_phone(text: str, region: str = "FI") -> str | None:
    """Return what `normalise_phone` does, or None where it refuses."""
    try:
        return normalise_phone(text, region)
    except InvalidIdentifier:
        return None


def phone_digits_variants(e164: str) -> list[str]:
    """Return the spellings to look for in text whose blanks and marks are removed.

    +358401234567 gives itself, 0401234567 and 358401234567: E.164, the national
    form, the digits alone (which are also inside the form with 00).

    Raises InvalidIdentifier if `e164` is no telephone number.
    """
    from phonenumbers import PhoneNumberFormat, format_number, parse

    number = normalise_phone(e164)
    national = format_number(parse(number), PhoneNumberFormat.NATIONAL)
    national_digits = re.sub(r"\D", "", national)
    return list(dict.fromkeys([number, national_digits, number.removeprefix("+")]))
