"""Reading what the business information system (YTJ, PRH open data v3) answers.

https://avoindata.prh.fi/opendata-ytj-api/v3/schema - every part may be missing.
"""

from __future__ import annotations

import dataclasses
from datetime import date
from typing import Any

from register.identifiers import try_normalise_business_id

# Kinds of the register: names of the firm itself, and the address one can visit.
FIRM_NAME, VISITING_ADDRESS = "1", "1"
# Languages of the register's words: 1 is Finnish, 3 English.
WORDS_IN = ("3", "1")


class UnreadableAnswer(Exception):
    """What came is not what the register answers."""


@dataclasses.dataclass(frozen=True, slots=True)
class CompanyFacts:
    """What the register says of one company, as texts that fit the database."""

    name: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""
    form: str = ""
    business_line: str = ""
    website: str = ""
    registered_on: date | None = None
    ceased_on: date | None = None


def read_answer(answer: Any, business_id: str) -> CompanyFacts | None:
    """Return the facts of the company with this id, or None if there is none.

    Raises UnreadableAnswer for anything that is not such an answer. What is said of
    another company is not taken for this one.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("companies"), list):
        raise UnreadableAnswer
    for company in answer["companies"]:
        if not isinstance(company, dict):
            raise UnreadableAnswer
        found = _part(company, "businessId").get("value")
        if isinstance(found, str) and try_normalise_business_id(found) == business_id:
            return _facts(company)
    return None


def _facts(company: dict[str, Any]) -> CompanyFacts:
    names = [n for n in _list(company, "names") if str(n.get("type")) == FIRM_NAME]
    # That of a firm which has ceased ended with it.
    firm = max(names, key=lambda each: _ended_on(each), default={})
    name = _text(firm, "name", 200)
    if not name:
        raise UnreadableAnswer
    addresses = _list(company, "addresses")
    address = next(
        (a for a in addresses if str(a.get("type")) == VISITING_ADDRESS),
        addresses[0] if addresses else {},
    )
    forms = [f for f in _list(company, "companyForms") if not f.get("endDate")]
    return CompanyFacts(
        name=name,
        street=_street(address),
        postcode=_text(address, "postCode", 12),
        town=_town(address),
        form=_in_words(forms[0], 120) if forms else "",
        business_line=_in_words(_part(company, "mainBusinessLine"), 200),
        website=_text(_part(company, "website"), "url", 200),
        registered_on=_day(company.get("registrationDate")),
        ceased_on=_day(company.get("endDate")),
    )


def _ended_on(part: dict[str, Any]) -> date:
    return _day(part.get("endDate")) or date.max


def _street(address: dict[str, Any]) -> str:
    if free := _text(address, "freeAddressLine", 200):
        return free
    parts = (
        _text(address, key, 100)
        for key in ("street", "buildingNumber", "entrance", "apartmentNumber")
    )
    street = " ".join(part for part in parts if part)
    street += _text(address, "apartmentIdSuffix", 4)
    box = _text(address, "postOfficeBox", 20)
    return (street or (f"PL {box}" if box else ""))[:200]


def _town(address: dict[str, Any]) -> str:
    offices = _list(address, "postOffices")
    finnish = (o for o in offices if str(o.get("languageCode")) == "1")
    office = next(finnish, offices[0] if offices else {})
    # They come in capitals.
    return _text(office, "city", 80).title()


def _in_words(part: dict[str, Any], longest: int) -> str:
    descriptions = _list(part, "descriptions")
    for language in WORDS_IN:
        for each in descriptions:
            if str(each.get("languageCode")) == language:
                return _text(each, "description", longest)
    return ""


def _part(whole: dict[str, Any], key: str) -> dict[str, Any]:
    found = whole.get(key)
    return found if isinstance(found, dict) else {}


def _list(whole: dict[str, Any], key: str) -> list[dict[str, Any]]:
    found = whole.get(key)
    if not isinstance(found, list):
        return []
    return [each for each in found if isinstance(each, dict)]


def _text(part: dict[str, Any], key: str, longest: int) -> str:
    value = part.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return ""
    storable = value.replace("\0", "").encode("utf-8", "ignore").decode()
    return " ".join(storable.split())[:longest]


def _day(value: Any) -> date | None:
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value[:10])
    except ValueError:
        return None
