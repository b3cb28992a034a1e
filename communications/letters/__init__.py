"""The information letter as a PDF for post, made by typst; texts go in as data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.utils import formats, timezone, translation
from django.utils.translation import gettext

from contacts.information_letter import language_of, letter_to
from contacts.models import Contact, PostalAddress
from register.services import controller

TEMPLATE = Path(__file__).with_name("letter.typ")


def pdf_of(people: Sequence[Contact], addresses: dict[Any, PostalAddress]) -> bytes:
    """Return one accessible PDF (PDF/UA-1) with the letter to each of these people.

    ``addresses`` are theirs by key; whoever has none gets the letter without one.
    """
    ours = controller.current()
    data = {
        "title": gettext("Information letters"),
        "controller": ours.name,
        "sender_address": ours.address,
        "letters": [_letter(person, addresses.get(person.pk)) for person in people],
    }
    import typst  # 7 MB that only who makes letters should need

    made: bytes = typst.compile(
        TEMPLATE.read_bytes(),
        sys_inputs={"data": json.dumps(data)},
        pdf_standards=["ua-1"],
    )
    return made


def _letter(person: Contact, address: PostalAddress | None) -> dict[str, Any]:
    language = language_of(person)
    with translation.override(language):
        day = formats.date_format(timezone.localdate(), "DATE_FORMAT")
    letter = letter_to(person)
    lines = [person.full_name]
    if address is not None:
        lines += [address.street, f"{address.postcode} {address.town}".strip()]
        if address.country not in ("", "FI"):
            lines.append(address.country)
    return {
        "language": language,
        "day": day,
        "address": [line for line in lines if line],
        "title": letter.title,
        "parts": [dataclasses.asdict(part) for part in letter.parts],
    }
