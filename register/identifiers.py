"""Identifiers of people and companies, in the one form in which spellings meet.

A prohibition that does not recognise " Anna@Example.FI" is no prohibition, and a
search that misses one spelling makes an access request incomplete. So whatever is
stored for look-up, hashed or compared goes through here, and applying a function to
its own result changes nothing.

What cannot be read is refused with `InvalidIdentifier`; its message never repeats
the text, which may be personal data. The `try_` functions return None instead.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

# Letters that no decomposition takes apart, as they are written without their strokes.
_PLAIN_LETTERS = str.maketrans(
    {
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "ł": "l",
        "ŧ": "t",
        "ħ": "h",
        "ŋ": "n",
        "ı": "i",
        "æ": "ae",
        "œ": "oe",
        "þ": "th",
    }
)
# Invisible, though Unicode does not count them as format characters.
_BLANK_FILLERS = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u3164\uffa0"
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−˗⁃﹘﹣－", "-"))
_SOFT_HYPHEN = "\u00ad"

_LOCAL_PART = re.compile(r"""[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff"(),:;<>@\[\\\]]+""")
_DOMAIN_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# RFC 5321, 4.5.3.1: octets.
_LONGEST_LOCAL_PART = 64
_LONGEST_EMAIL = 254

# Possessive, so that no text, however long, is read more than a few times over.
_PHONE = re.compile(r"\d[\d\s().\-/]*+")
_FINNISH_PHONE = re.compile(r"(?:\+358|0)[ -]?[1-9](?:[ -]?\d){4,11}", re.ASCII)
_BUSINESS_ID = re.compile(r"(?:FI)?(\d{6,7})-?(\d)", re.IGNORECASE)
# Letters may stand right beside a code with a mark ("hetu131052-308T"), but not beside
# one with a letter: such texts are numbers of orders and devices.
_PERSONAL_IDENTITY_CODE = re.compile(
    r"[0-3](?<!\d\d)(?:"
    r"(?P<birth>\d[01]\d{3})\s{0,2}(?P<mark>--?|\+)\s{0,2}"
    r"(?P<rest>\d{3}[0-9A-FHJ-NPR-Y])(?!\d)"
    r"|(?<![^\W_].)"
    r"(?P<birth_2>\d[01]\d{3})\s?(?P<century>[A-FU-Y])\s?"
    r"(?P<rest_2>\d{3}[0-9A-FHJ-NPR-Y])(?![^\W_])"
    r")",
    re.IGNORECASE | re.ASCII,
)
# No text without this has a code; most texts are done with after one look.
_LIKE_A_CODE = re.compile(
    r"[0-3０-３](?<!\d\d)\W{0,2}\d\W{0,2}[01０１]\W{0,2}(?:\d\W{0,2}){3}"
    r"\D{0,4}[^\d\s]\D{0,4}(?:\d\W{0,2}){3}"
)

_PLAIN_WORD = re.compile(r"[a-z0-9]+")

# Digits with what may stand between those of one number.
_DIGIT_RUN = re.compile(r"[+(]{0,3}+\d[+\d ().\-/]*+")
_END_OF_A_NUMBER = re.compile(r"[.\-/]*+(?:\s|$)|[,;:)]")
_DATE = re.compile(r"\d{1,2}\.\s?\d{1,2}\.\s?\d{4}")
# Fewer digits are a house number or a postcode.
_FEWEST_DIGITS_OF_A_NUMBER = 7


class InvalidIdentifier(ValueError):
    """A text is not the identifier it should be.

    `code` is stable and for programs; `message` is a sentence for people, without
    the text itself.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def normalise_email(text: str) -> str:
    """Return an e-mail address so that every spelling of it is the same text.

    Takes a bare address, `"Name" <address>` or a mailto: link. Compatibility forms
    (NFKC) and case are folded in the whole address, though RFC 5321 would let the
    part before the @ differ by case; no provider people use does. The domain is
    ASCII (IDNA), and must have a dot.

    Raises InvalidIdentifier.
    """
    address = _folded(text).strip(" \t\r\n,;")
    if address.endswith(">"):
        address = address[address.rfind("<") + 1 : -1].strip()
    address = address.removeprefix("mailto:")
    local, at, domain = address.rpartition("@")
    if not at:
        raise InvalidIdentifier("email_no_at", "An e-mail address has an @.")
    if len(local) > 1 and local[0] == local[-1] == '"':
        local = local[1:-1]  # quotes around a part that does not need them
    if (
        not _LOCAL_PART.fullmatch(local)
        or local.startswith(".")
        or local.endswith(".")
        or ".." in local
    ):
        raise InvalidIdentifier(
            "email_local_part",
            "The part before the @ is not that of an e-mail address.",
        )
    address = f"{local}@{_ascii_domain(domain)}"
    if (
        len(local.encode()) > _LONGEST_LOCAL_PART
        or len(address.encode()) > _LONGEST_EMAIL
    ):
        raise InvalidIdentifier("email_too_long", "The e-mail address is too long.")
    return address


def try_normalise_email(text: str) -> str | None:
    """Return what `normalise_email` does, or None where it refuses."""
    try:
        return normalise_email(text)
    except InvalidIdentifier:
        return None


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
        digits = _digits(text)  # a hundredth of the time it takes the library
        return f"+358{digits.removeprefix('358').removeprefix('0')}"
    from phonenumbers import (  # 0.1 s and 15 MB: only where numbers are handled
        NumberParseException,
        PhoneNumberFormat,
        format_number,
        is_possible_number,
        parse,
    )

    plain = _visible(unicodedata.normalize("NFKC", text)).translate(_DASHES)
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


def normalise_name(text: str) -> str:
    """Return a name for comparison: plain small letters, words one blank apart.

    Accents go (Mäkelä and Makela meet, Ångström and Angstrom, Sørensen and
    Sorensen); hyphens, apostrophes and other marks become blanks. For comparing and
    searching only: it is not a name to show or to write to.
    """
    plain = _without_accents(_visible(text))
    if plain.isascii():  # as most are by now; a tenth of the time
        return " ".join(_PLAIN_WORD.findall(plain))
    words = "".join(
        character if _is_of_a_word(character) else " " for character in plain
    )
    return " ".join(words.split())


def name_words(text: str) -> list[str]:
    """Return the words of a name in comparison form, in their order."""
    return normalise_name(text).split()


def normalise_business_id(text: str) -> str:
    """Return a Finnish business id as 2327327-1, its check digit verified.

    Takes it without the hyphen, with blanks, as a VAT number (FI23273271), and the
    old six-digit form, which gains a leading nought.

    Raises InvalidIdentifier.
    """
    from stdnum.fi import ytunnus

    compact = re.sub(r"\s", "", _visible(unicodedata.normalize("NFKC", text)))
    match = _BUSINESS_ID.fullmatch(compact.translate(_DASHES))
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


def find_personal_identity_codes(text: str) -> list[tuple[int, int]]:
    """Return where Finnish personal identity codes stand, as (start, end) of `text`.

    A code counts if its date exists and its check character is right, with every
    sign of the century (those of 2023 too), in small letters, with a typographic
    dash, blanks or a line's end at the sign, and with invisible characters in it.
    Temporary codes (900 to 999) count as well: they name a person just the same
    (tietosuojalaki 1050/2018, 29 §). One in 31 numbers that look like a date, a
    hyphen and four digits has the right check character by chance.
    """
    if not _LIKE_A_CODE.search(text):
        return []
    from stdnum.fi import hetu

    plain, places = _plain_with_places(text)
    spans = []
    for match in _PERSONAL_IDENTITY_CODE.finditer(plain):
        century = match["century"] or match["mark"][0]
        birth = match.group()[0] + (match["birth"] or match["birth_2"])
        code = birth + century + (match["rest"] or match["rest_2"])
        if hetu.is_valid(code, allow_temporary=True):
            spans.append((places[match.start()], places[match.end() - 1] + 1))
    return spans


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
            prefixes.append(_without_accents(token))
        elif _is_number(token):
            prefixes.append(_dialled_digits(token))
        else:
            prefixes += name_words(token)
    return list(dict.fromkeys(prefixes))


def _tokens(text: str) -> list[str]:
    """Split at blanks and list marks, except within a long number."""
    plain = _visible(unicodedata.normalize("NFKC", text)).translate(_DASHES)
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
    return is_one and len(_digits(text)) >= _FEWEST_DIGITS_OF_A_NUMBER


def _email_words(text: str) -> list[str]:
    email = try_normalise_email(text)
    if email is None:
        return []
    local, _, domain = email.rpartition("@")
    readable = _readable_domain(domain)
    wholes = [f"{local}@{readable}", readable, email, domain]
    parts = re.split(r"[@.\-_+]", f"{local}@{readable}")
    plain = [_without_accents(word) for word in wholes]
    return [*plain, *(word for part in parts for word in name_words(part))]


def _business_id_words(text: str) -> list[str]:
    business_id = try_normalise_business_id(text)
    if business_id is None:
        return []
    digits = _digits(business_id)
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
    digits = _digits(re.sub(r"(?<=\d) ?\(0\)", "", text))
    is_international = len(digits) >= _FEWEST_DIGITS_OF_A_NUMBER - 1
    return digits.removeprefix("00") if is_international else digits


def _digits(text: str) -> str:
    """Return the decimal digits of any script as 0 to 9."""
    return "".join(str(int(character)) for character in text if character.isdecimal())


def _folded(text: str) -> str:
    """Fold compatibility forms and case; a second time changes nothing."""
    folded = _visible(unicodedata.normalize("NFKC", text)).casefold()
    # Folding can undo the normal form, and normalising can bring back a capital.
    return unicodedata.normalize("NFKC", folded).casefold()


def _visible(text: str) -> str:
    """Leave out what cannot be seen: zero-width, soft hyphens, direction marks."""
    if text.isascii():
        return text
    return "".join(
        character
        for character in text
        if unicodedata.category(character) != "Cf"
        and character not in _BLANK_FILLERS
        and ord(character) not in _VARIATION_SELECTORS
    )


def _without_accents(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = (
        unicodedata.normalize("NFKD", text).casefold().translate(_PLAIN_LETTERS)
    )
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", decomposed)
        if not unicodedata.combining(character)
    )


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter, a digit or a vowel sign that hangs on a letter."""
    return unicodedata.category(character)[0] in "LNM"


def _plain_with_places(text: str) -> tuple[str, Sequence[int]]:
    """Return what can be seen of a text in plain characters, and where each stood."""
    if text.isascii():
        return text, range(len(text))
    seen = [
        (plain, place)
        for place, character in enumerate(text)
        if (plain := _one_plain_character(character))
    ]
    return "".join(plain for plain, _ in seen), [place for _, place in seen]


@functools.lru_cache(maxsize=4096)
def _one_plain_character(character: str) -> str:
    """Return one character for one, or none for what cannot be seen."""
    if character == _SOFT_HYPHEN:
        return "-"
    if not _visible(character):
        return ""
    plain = unicodedata.normalize("NFKC", character).translate(_DASHES)
    return plain if len(plain) == 1 else character


def _ascii_domain(domain: str) -> str:
    try:
        # IDNA 2003, as Django's own mail does it. Cut first: the codec is slow on
        # long texts, and no domain has more than 253 octets.
        ascii_domain = domain[:_LONGEST_EMAIL].encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_domain = ""
    ascii_domain = ascii_domain.removesuffix(".")
    labels = ascii_domain.split(".")
    if (
        len(domain) > _LONGEST_EMAIL
        or len(labels) == 1
        or labels[-1].isdecimal()
        or not all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
    ):
        raise InvalidIdentifier(
            "email_domain", "The part after the @ is not the name of a mail domain."
        )
    return ascii_domain


def _readable_domain(domain: str) -> str:
    try:
        return domain.encode("ascii").decode("idna")
    except UnicodeError:
        return domain
