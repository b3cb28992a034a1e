"""The words by which identifiers and names are found, and the beginnings that are typed."""

from __future__ import annotations

import re
import unicodedata

from register.identifiers.business_ids import try_normalise_business_id
from register.identifiers.emails import readable_domain, try_normalise_email
from register.identifiers.letters import (
    DASHES,
    decimal_digits,
    visible,
    without_accents,
)
from register.identifiers.names import name_words
from register.identifiers.phones import phone_digits_variants, try_normalise_phone

# Digits with what may stand between those of one number.
_DIGIT_RUN = re.compile(r"[+(]{0,3}+\d[+\d ().\-/]*+")
_END_OF_A_NUMBER = re.compile(r"[.\-/]*+(?:\s|$)|[,;:)]")
_DATE = re.compile(r"\d{1,2}\.\s?\d{1,2}\.\s?\d{4}")
# Fewer digits are a house number or a postcode.
_FEWEST_DIGITS_OF_A_NUMBER = 7


def search_words(text: str) -> list[str]:
    """Return the words by whose beginnings a text can be found, each once.

    An e-mail address gives itself, its domain and every part between @ . - _ and +;
    a telephone number its national and its international digits; a business id
    itself, its digits and its VAT number; all else the words of `normalise_name`.
    None has an accent. `search_prefixes` is the counterpart for what people type.
    """
    plain = unicodedata.normalize("NFKC", text)
    if "@" not in plain and not any(map(str.isdecimal, plain)):
        return list(dict.fromkeys(name_words(plain)))  # a name, as most are
    words: list[str] = []
    others: list[str] = []
    for token in _tokens(text):
        found = _email_words(token) or _business_id_words(token) or _number_words(token)
        if not found:
            others.append(token)
        words += found
    return list(dict.fromkeys([*words, *name_words(" ".join(others))]))


def search_prefixes(query: str) -> list[str]:
    """Return the beginnings that must all be among the `search_words` of a match.

    What is typed may stop anywhere: "+358 40 12", "anna@exam", "2327327-". A query
    of nothing but digits and marks is one number.
    """
    if not re.search(r"[^\W\d_]", query) and "@" not in query:
        return [digits] if (digits := _dialled_digits(query)) else []
    prefixes: list[str] = []
    for token in _tokens(query):
        if "@" in token.strip("@"):
            prefixes.append(without_accents(token))
        elif _is_number(token):
            prefixes.append(_dialled_digits(token))
        else:
            prefixes += name_words(token)
    return list(dict.fromkeys(prefixes))


def _tokens(text: str) -> list[str]:
    """Split at blanks and list marks, except within a long number."""
    plain = visible(unicodedata.normalize("NFKC", text)).translate(DASHES)
    tokens: list[str] = []
    end = 0
    for found in _DIGIT_RUN.finditer(plain):
        start = found.start()
        number = found.group().rstrip(" +(.-/")
        stands_alone = (
            start == 0 or plain[start - 1].isspace() or plain[start - 1] in ",;:"
        ) and _END_OF_A_NUMBER.match(plain, start + len(number))
        if stands_alone and _is_number(number):
            tokens += re.split(r"[\s,;<>\"()]+", plain[end:start])
            tokens.append(number)
            end = start + len(number)
    tokens += re.split(r"[\s,;<>\"()]+", plain[end:])
    return [token for token in tokens if token]


def _is_number(text: str) -> bool:
    """Whether it is a telephone number or business id, not a date or an address."""
    if not _DIGIT_RUN.fullmatch(text) or _DATE.fullmatch(text.strip()):
        return False
    # "Mannerheimintie 12 00100 Helsinki" has seven digits, too.
    is_one = " " not in text.strip() or text.lstrip("+(").startswith(("0", "358"))
    is_one = is_one or text.startswith(("+", "(+"))
    return is_one and len(decimal_digits(text)) >= _FEWEST_DIGITS_OF_A_NUMBER


def _email_words(text: str) -> list[str]:
    email = try_normalise_email(text)
    if email is None:
        return []
    local, _, domain = email.rpartition("@")
    readable = readable_domain(domain)
    wholes = [f"{local}@{readable}", readable, email, domain]
    parts = re.split(r"[@.\-_+]", f"{local}@{readable}")
    plain = [without_accents(word) for word in wholes]
    return [*plain, *(word for part in parts for word in name_words(part))]


def _business_id_words(text: str) -> list[str]:
    business_id = try_normalise_business_id(text)
    if business_id is None:
        return []
    digits = decimal_digits(business_id)
    return [business_id, digits, f"fi{digits}"]


def _number_words(text: str) -> list[str]:
    if not _is_number(text):
        return []
    number = try_normalise_phone(text)
    variants = phone_digits_variants(number)[1:] if number else []
    # As dialled too: it may be some other number, or not be complete.
    return [*variants, _dialled_digits(text)]


def _dialled_digits(text: str) -> str:
    """Return digits alone, without 00 or a (0) after the code of the country."""
    digits = decimal_digits(re.sub(r"(?<=\d) ?\(0\)", "", text))
    is_international = len(digits) >= _FEWEST_DIGITS_OF_A_NUMBER - 1
    return digits.removeprefix("00") if is_international else digits
