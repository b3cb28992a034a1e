"""In what two companies are alike."""

from __future__ import annotations

import dataclasses

from contacts.likeness.words import is_slip
from contacts.models import Feature
from register.identifiers import name_words

# Words that say what a company is, not which.
LEGAL_FORMS = frozenset(
    [
        "ab",
        "ag",
        "aktiebolag",
        "ap",
        "aps",
        "as",
        "ay",
        "bv",
        "co",
        "company",
        "corp",
        "corporation",
        "gmbh",
        "hb",
        "inc",
        "incorporated",
        "kb",
        "ky",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "osakeyhtio",
        "osk",
        "ou",
        "oy",
        "oyj",
        "plc",
        "ry",
        "sa",
        "sarl",
        "sia",
        "spa",
        "srl",
        "tmi",
        "toiminimi",
        "uab",
    ]
)
# Mailboxes of whole countries; that two companies use one says nothing.
FREE_MAIL = frozenset(
    [
        "aol.com",
        "elisanet.fi",
        "gmail.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hotmail.com",
        "hotmail.fi",
        "hotmail.se",
        "icloud.com",
        "inet.fi",
        "jippii.fi",
        "kolumbus.fi",
        "live.com",
        "live.fi",
        "luukku.com",
        "mail.com",
        "mail.ee",
        "me.com",
        "msn.com",
        "netti.fi",
        "online.no",
        "outlook.com",
        "outlook.fi",
        "pp.inet.fi",
        "proton.me",
        "protonmail.com",
        "saunalahti.fi",
        "suomi24.fi",
        "telia.com",
        "welho.com",
        "yahoo.com",
        "yahoo.se",
        "ymail.com",
    ]
)


@dataclasses.dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What a company is compared by."""

    name: str = ""
    business_id: str = ""
    # As of `likeness.people.address_key`.
    addresses: frozenset[str] = frozenset()
    # Of the e-mail addresses of its people.
    domains: frozenset[str] = frozenset()


def name_key(name: str) -> str:
    """Return the name as it is compared: without legal form, in one order of words."""
    words = name_words(name)
    kept = [word for word in words if word not in LEGAL_FORMS] or words
    return " ".join(kept)


def features_of_companies(one: CompanyFacts, other: CompanyFacts) -> list[Feature]:
    """Return in what two companies are alike, and what speaks against their being one."""
    found = []
    mine, theirs = name_key(one.name), name_key(other.name)
    if mine and mine == theirs:
        found.append(Feature.NAME)
    elif is_slip(mine.replace(" ", ""), theirs.replace(" ", "")) or (
        mine and mine.replace(" ", "") == theirs.replace(" ", "")
    ):
        found.append(Feature.SIMILAR)
    if one.business_id and other.business_id and one.business_id != other.business_id:
        found.append(Feature.BUSINESS_ID)
    if one.addresses & other.addresses:
        found.append(Feature.ADDRESS)
    if (one.domains & other.domains) - FREE_MAIL:
        found.append(Feature.DOMAIN)
    return found
