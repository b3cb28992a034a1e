"""Regular expressions for the spellings of an address, a number, a key, a phrase.

Those named ``coarse`` are for PostgreSQL: they meet whatever the exact one meets, and
more. All of them mean the same to Python and to PostgreSQL under the collation "C".
"""

from __future__ import annotations

import functools
import re

from dsar.mentions.inflections import shared_beginning
from dsar.mentions.spellings import spelt, tail_of

BETWEEN_DIGITS = r"[^0-9０-９A-Za-z@]{0,4}"
AN_ADDRESS_SIGN = (
    r"(?:[@＠]|%40|\s?[(\[{]\s?(?:[Aa][Tt]|[ÄäÅå][Tt]|@)\s?[)\]}]\s?|\s(?:at|AT|ät)\s)"
)
_DOT = r"(?:\.|\s?[(\[]\s?(?:dot|piste|\.)\s?[)\]]\s?|\s(?:dot|piste)\s)"
_SHORTEST_BARE_NUMBER = 9


def email_pattern(email: str) -> str:
    local, _, domain = email.rpartition("@")
    domains = {domain, _readable(domain)}
    spelt_domains = "|".join(
        _DOT.join(spelt(label) for label in each.split(".")) for each in sorted(domains)
    )
    return (
        r"(?<![0-9A-Za-z_+%-])(?<![0-9A-Za-z]\.)"
        rf"{_any_case(local)}(?:\+[^@\s]{{1,40}})?{AN_ADDRESS_SIGN}(?:{spelt_domains})(?![0-9A-Za-z-])"
    )


def coarse_email(email: str) -> str:
    # One character after it, not all that may stand for an @: a third of the time.
    return f"{_any_case(email.rpartition('@')[0])}[^0-9A-Za-z]"


def phone_pattern(number: str) -> str:
    # Imported here: it takes a tenth of a second, and few processes need it.
    from phonenumbers import PhoneNumberFormat, format_number, parse

    parsed = parse(number)
    code = str(parsed.country_code)
    own = number.removeprefix("+").removeprefix(code)
    national = re.sub(r"\D", "", format_number(parsed, PhoneNumberFormat.NATIONAL))
    gap = BETWEEN_DIGITS
    forms = [
        rf"(?:(?:[+＋]|0{gap}0){gap})?{_digits(code)}{gap}(?:\(0\){gap})?{_digits(own)}",
        _digits(national),
    ]
    if len(own) >= _SHORTEST_BARE_NUMBER:
        # Without marks between: with them it may be a business id or an amount.
        forms.append("".join(_digit(digit) for digit in own))
    return rf"(?<![0-9])(?:{'|'.join(forms)})(?![0-9])"


def coarse_phone(number: str) -> str:
    return "[^0-9A-Za-z]*".join(_digit(digit) for digit in tail_of(number))


def _digits(text: str) -> str:
    return BETWEEN_DIGITS.join(_digit(digit) for digit in text)


def _digit(digit: str) -> str:
    return f"[{digit}{chr(0xFF10 + int(digit))}]"


def key_pattern(key: str) -> str:
    return f"(?:{_any_case(key)}|{_any_case(key.replace('-', ''))})"


def phrase_pattern(phrase: str) -> str:
    words = r"[\s,]{1,3}".join(_any_case(word) for word in phrase.split())
    return rf"(?<![^\W_]){words}(?![^\W_])"


def _any_case(text: str) -> str:
    return "".join(
        spelt(character.lower()) if character.isalpha() else re.escape(character)
        for character in text
    )


def coarse_word(word: str) -> str:
    return spelt(shared_beginning(word))


@functools.lru_cache(maxsize=1024)
def _readable(domain: str) -> str:
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
