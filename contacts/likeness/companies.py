"""In what two companies are alike."""

from __future__ import annotations

import dataclasses
import re

from contacts.likeness.words import is_slip
from contacts.models import Feature
from register.identifiers import name_words

# Words that say what a company is, not which.
LEGAL_FORMS = frozenset(
    [
        "ab",
        "abp",
        "ag",
        "aktiebolag",
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
        "kommandiittiyhtio",
        "ky",
        "limited",
        "llc",
        "llp",
        "ltd",
        "nv",
        "osakeyhtio",
        "osk",
        "osuuskunta",
        "ou",
        "oy",
        "oyj",
        "plc",
        "publ",
        "rf",
        "ry",
        "sa",
        "sarl",
        "sia",
        "spa",
        "sr",
        "srl",
        "tmi",
        "toiminimi",
        "uab",
    ]
)
# One writes them, another writes & or nothing.
CONNECTORS = frozenset(["and", "ja", "och", "und"])
# Marks inside a legal form: T:mi, O.Y., r.y., A/S; and before an ending: Oy:n.
_MARKS = re.compile(r"[.:/]")
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
    words = [word for text in name.split() for word in _words(text)]
    kept = [word for word in words if word not in LEGAL_FORMS | CONNECTORS]
    return " ".join(kept or words)


def _words(text: str) -> list[str]:
    """Return the words of what stands between two blanks, a legal form as one."""
    for form in (_MARKS.sub("", text), text.partition(":")[0]):
        if (found := name_words(form)) and found[0] in LEGAL_FORMS and len(found) == 1:
            return found
    return name_words(text)


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
