"""In what two contacts are alike."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping

from contacts.likeness.words import is_slip, plain
from contacts.models import Feature
from register.identifiers import name_words, normalise_name

# More people than this at one address or number share it, as offices and families do.
MOST_HOLDERS = 3
# Before the @ of mailboxes that nobody has for himself, in the languages of the register.
SHARED_MAILBOXES = frozenset(
    [
        "asiakaspalvelu",
        "asp",
        "contact",
        "customer",
        "customerservice",
        "ekonomi",
        "faktura",
        "firma",
        "hallinto",
        "help",
        "hr",
        "info",
        "invoice",
        "invoices",
        "kundservice",
        "laskut",
        "laskutus",
        "mail",
        "markkinointi",
        "myynti",
        "office",
        "order",
        "posti",
        "palaute",
        "reskontra",
        "sales",
        "service",
        "support",
        "talous",
        "tilaukset",
        "toimisto",
        "tuki",
        "varasto",
        "yhteys",
        "yritys",
    ]
)


# Before a last name; one writes them, another leaves them out.
PARTICLES = frozenset(
    [
        *("af", "al", "av", "bin", "da", "de", "del", "den", "der", "di", "dos"),
        *("du", "el", "la", "le", "ter", "van", "vom", "von", "zu", "zum", "zur"),
    ]
)
# Names of one provider. There the dots before the @ say nothing.
DOTLESS = frozenset(["gmail.com", "googlemail.com"])


@dataclasses.dataclass(frozen=True, slots=True)
class PersonFacts:
    """What a contact is compared by. Addresses and numbers are in normal form."""

    first_name: str = ""
    last_name: str = ""
    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    companies: frozenset[uuid.UUID] = frozenset()
    # As of `address_key`.
    addresses: frozenset[str] = frozenset()


def address_key(street: str, postcode: str) -> str:
    """Return a postal address as it is compared, empty if it says too little."""
    street, postcode = normalise_name(street), normalise_name(postcode)
    return f"{postcode} {street}" if street and postcode else ""


def mailbox_of(email: str) -> str:
    """Return the address of the mailbox that mail to ``email`` arrives in.

    anna+list@x.fi is anna@x.fi, wherever a plus means anything.
    """
    local, _at, domain = email.rpartition("@")
    local = local.partition("+")[0] or local
    if domain in DOTLESS:
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def without_particles(words: list[str]) -> list[str]:
    """Return the words of a last name without von, af, de …, unless it is nothing else."""
    return [word for word in words if word not in PARTICLES] or words


def features_of_people(
    one: PersonFacts, other: PersonFacts, *, holders: Mapping[str, int]
) -> list[Feature]:
    """Return in what two people are alike, and what speaks against their being one.

    ``holders`` tells how many people have an address or number, where more than two.
    """
    found = []
    mine = {mailbox_of(email): email for email in sorted(one.emails)}
    theirs = {mailbox_of(email): email for email in sorted(other.emails)}
    if boxes := mine.keys() & theirs.keys():
        is_own = any(
            _is_of_one(mine[box], holders) and _is_of_one(theirs[box], holders)
            for box in boxes
        )
        found.append(Feature.EMAIL if is_own else Feature.SHARED_EMAIL)
    if phones := one.phones & other.phones:
        is_own = any(holders.get(phone, 0) <= MOST_HOLDERS for phone in phones)
        found.append(Feature.PHONE if is_own else Feature.SHARED_PHONE)
    if (name := _name_feature(one, other)) is not None:
        found.append(name)
    if one.companies & other.companies:
        found.append(Feature.COMPANY)
    if one.addresses & other.addresses:
        found.append(Feature.ADDRESS)
    return found


def _is_of_one(email: str, holders: Mapping[str, int]) -> bool:
    mailbox = email.partition("@")[0].partition("+")[0]
    is_shared = mailbox.replace(".", "").replace("-", "") in SHARED_MAILBOXES
    return not is_shared and holders.get(email, 0) <= MOST_HOLDERS


def _name_feature(one: PersonFacts, other: PersonFacts) -> Feature | None:
    mine = (name_words(one.first_name), name_words(one.last_name))
    theirs = (name_words(other.first_name), name_words(other.last_name))
    if not (any(mine) and any(theirs)):
        return None
    if mine == theirs:
        return Feature.NAME
    # Also where the whole name stands in one field.
    if sorted(mine[0] + mine[1]) == sorted(theirs[0] + theirs[1]):
        return Feature.SWAPPED
    if not (all(mine) and all(theirs)):
        return None  # a first or last name alone says too little
    both_ways = [(mine, theirs), (mine, theirs[::-1]), (mine[::-1], theirs)]
    both_ways.append((mine[::-1], theirs[::-1]))
    if any(_is_initial(a, b) or _is_initial(b, a) for a, b in both_ways):
        return Feature.INITIAL
    if any(_is_similar(a, b) for a, b in both_ways[:2]):
        return Feature.SIMILAR
    # People change their last names.
    return None if mine[0] == theirs[0] else Feature.OTHER_NAME


Name = tuple[list[str], list[str]]


def _is_initial(short: Name, long: Name) -> bool:
    """Whether one name is the other with initials for first names: M. Virtanen."""
    initials, firsts = short[0], long[0]
    if list(map(plain, short[1])) != list(map(plain, long[1])) or any(
        len(each) > 1 for each in initials
    ):
        return False
    return all(
        first.startswith(initial)
        for initial, first in zip(initials, firsts, strict=False)
    )


def _is_similar(one: Name, other: Name) -> bool:
    """Whether one is the other with a slip, or with more first or last names."""
    firsts_meet = _meet(one[0], other[0])
    lasts_meet = _meet(one[1], other[1])
    return firsts_meet and lasts_meet


def _meet(some: list[str], others: list[str]) -> bool:
    if some == others or set(some) <= set(others) or set(others) <= set(some):
        return True
    return is_slip("".join(some), "".join(others))
