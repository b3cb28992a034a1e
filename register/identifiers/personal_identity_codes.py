"""Finnish personal identity codes: where they stand in a text."""

from __future__ import annotations

import re

from register.identifiers.letters import plain_with_places

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

    plain, places = plain_with_places(text)
    spans = []
    for match in _PERSONAL_IDENTITY_CODE.finditer(plain):
        century = match["century"] or match["mark"][0]
        birth = match.group()[0] + (match["birth"] or match["birth_2"])
        code = birth + century + (match["rest"] or match["rest_2"])
        if hetu.is_valid(code, allow_temporary=True):
            spans.append((places[match.start()], places[match.end() - 1] + 1))
    return spans
