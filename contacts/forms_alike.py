"""What a form of a person or company says so far, for comparing it with the register."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from contacts.likeness import CompanyFacts, PersonFacts, address_key
from contacts.models import Company, Contact, ContactPoint, PostalAddress, Situation
from contacts.services.duplicates.typing import Alike, companies_like, people_like
from register import access
from register.datamap.vocabulary import Action, Category
from register.identifiers import (
    try_normalise_business_id,
    try_normalise_email,
    try_normalise_phone,
)

# Ticked by whoever has looked at those alike: it is somebody new all the same.
IS_NEW = "is_new_all_the_same"
# Nobody types more rows than this; a longer form is not compared to its end.
MOST_ROWS = 50
LONGEST = 200


def typed_person(data: Mapping[str, Any]) -> PersonFacts:
    """Read a posted form of a contact, complete or not; what is unreadable is left out."""
    emails, phones = set(), set()
    for kind, value in _rows(data, "points", "kind", "value"):
        if kind == ContactPoint.Kind.EMAIL and (email := try_normalise_email(value)):
            emails.add(email)
        if kind == ContactPoint.Kind.PHONE and (phone := try_normalise_phone(value)):
            phones.add(phone)
    companies = {_uuid(key) for (key,) in _rows(data, "affiliations", "company")}
    addresses = {
        address_key(street, postcode)
        for street, postcode in _rows(data, "addresses", "street", "postcode")
    }
    return PersonFacts(
        first_name=_text(data, "first_name"),
        last_name=_text(data, "last_name"),
        emails=frozenset(emails),
        phones=frozenset(phones),
        companies=frozenset(key for key in companies if key),
        addresses=frozenset(addresses - {""}),
    )


def typed_company(data: Mapping[str, Any]) -> CompanyFacts:
    """Read a posted form of a company, complete or not."""
    place = address_key(_text(data, "street"), _text(data, "postcode"))
    return CompanyFacts(
        name=_text(data, "name"),
        business_id=try_normalise_business_id(_text(data, "business_id")) or "",
        addresses=frozenset({place} - {""}),
    )


def people_alike(
    data: Mapping[str, Any], situation: Situation, besides: uuid.UUID | None = None
) -> list[Alike]:
    """Return who of the register is like the person of a form."""
    facts = seen_of_person(typed_person(data), access.reader_now())
    return people_like(facts, situation=situation, besides=besides)


def companies_alike(
    data: Mapping[str, Any], situation: Situation, besides: uuid.UUID | None = None
) -> list[Alike]:
    """Return which companies are like that of a form."""
    facts = seen_of_company(typed_company(data), access.reader_now())
    return companies_like(facts, situation=situation, besides=besides)


def seen_of_person(facts: PersonFacts, reader: object) -> PersonFacts:
    """Leave out what a reader does not see of people: it would be found by trying.

    Nobody reads where no request is; nothing is left out then.
    """
    if reader is None:
        return facts
    left_out: dict[str, Any] = {}
    for name in ("first_name", "last_name"):
        if not access.in_clear(reader, Contact, name):
            left_out[name] = ""
    for kind, name in (("email", "emails"), ("phone", "phones")):
        if not access.in_clear(reader, ContactPoint, "value", kind=kind):
            left_out[name] = frozenset()
    if not access.in_clear(reader, PostalAddress, "street"):
        left_out["addresses"] = frozenset()
    if not access.may(reader, Action.VIEW, Category.COMPANY):
        left_out["companies"] = frozenset()
    return dataclasses.replace(facts, **left_out)


def seen_of_company(facts: CompanyFacts, reader: object) -> CompanyFacts:
    """Leave out what a reader does not see of companies."""
    if reader is None:
        return facts
    left_out: dict[str, Any] = {
        name: ""
        for name in ("name", "business_id")
        if not access.in_clear(reader, Company, name)
    }
    if not access.in_clear(reader, Company, "street"):
        left_out["addresses"] = frozenset()
    return dataclasses.replace(facts, **left_out)


def _rows(data: Mapping[str, Any], prefix: str, *names: str) -> list[tuple[str, ...]]:
    """Return what stands in the rows of a table that are not to be removed."""
    total = _text(data, f"{prefix}-TOTAL_FORMS")
    count = min(int(total), MOST_ROWS) if total.isascii() and total.isdigit() else 0
    return [
        tuple(_text(data, f"{prefix}-{number}-{name}") for name in names)
        for number in range(count)
        if not data.get(f"{prefix}-{number}-DELETE")
    ]


def _text(data: Mapping[str, Any], name: str) -> str:
    text = str(data.get(name) or "")[:LONGEST].replace("\0", " ")
    return text.encode("utf-8", "ignore").decode().strip()


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
