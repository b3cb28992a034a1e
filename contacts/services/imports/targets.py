"""What a column of a file can mean.

The apps above add targets of their own with :func:`register_target`; this app does
not know them.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.services.imports import cells
from register.actors import Actor
from register.identifiers import normalise_name

SKIP = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Flagged:
    """Somebody of whom a file says something that an app above takes care of.

    The addresses are those of the row and those already stored for the contact.
    ``contact_id`` is None if the row itself could not be imported.
    """

    emails: tuple[str, ...]
    phones: tuple[str, ...]
    contact_id: uuid.UUID | None


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """What a column can mean.

    ``headers`` are names by which a column is recognised, in any spelling. ``read``
    turns a cell into a value and raises :class:`cells.BadCell` for what it cannot
    read. ``apply`` belongs to targets of the apps above: it gets everybody whose value
    is true, inside the transaction that writes them, and returns how many were new.
    """

    code: str
    label: str | Promise
    headers: tuple[str, ...]
    read: Callable[[str], Any]
    may_repeat: bool = False
    apply: Callable[[Sequence[Flagged], Actor], int] | None = None


TARGETS: dict[str, Target] = {}


def register_target(target: Target) -> None:
    """Make a target known. A second one of the same code replaces the first."""
    TARGETS[target.code] = target


def choices() -> list[tuple[str, str | Promise]]:
    """Return all targets for a form, beginning with leaving the column out."""
    return [
        (SKIP, _("Leave out")),
        *((target.code, target.label) for target in TARGETS.values()),
    ]


def guess(header: Iterable[str]) -> list[str]:
    """Return a target for each column by its name; what is not known is left out.

    Only whole names are recognised. A column that permits something must never be
    taken for one that prohibits it, or the other way round.
    """
    by_name = {
        normalise_name(name): target
        for target in TARGETS.values()
        for name in (target.code, *target.headers)
    }
    guessed: list[str] = []
    for name in header:
        target = by_name.get(normalise_name(name))
        is_free = target is not None and (
            target.may_repeat or target.code not in guessed
        )
        guessed.append(target.code if target is not None and is_free else SKIP)
    if "full_name" in guessed and {"first_name", "last_name"} & set(guessed):
        guessed[guessed.index("full_name")] = SKIP
    return guessed


read_yes_no = cells.read_yes_no

for _target in (
    Target(
        "first_name",
        _("First name"),
        ("first name", "given name", "etunimi", "förnamn"),
        cells.text(100),
    ),
    Target(
        "last_name",
        _("Last name"),
        ("last name", "surname", "family name", "sukunimi", "efternamn"),
        cells.text(100),
    ),
    Target(
        "full_name",
        _("Whole name"),
        ("name", "full name", "contact", "nimi", "koko nimi", "yhteyshenkilö", "namn"),
        cells.text(200),
    ),
    Target(
        "email",
        _("E-mail address"),
        (
            "e-mail",
            "email address",
            "sähköposti",
            "sähköpostiosoite",
            "e-post",
            "epost",
            "e-postadress",
        ),
        cells.read_emails,
        may_repeat=True,
    ),
    Target(
        "phone",
        _("Telephone"),
        (
            "phone number",
            "telephone number",
            "telephone",
            "puhelin",
            "puhelinnumero",
            "puh",
            "telefon",
            "telefonnummer",
        ),
        cells.read_phones,
        may_repeat=True,
    ),
    Target(
        "mobile",
        _("Mobile telephone"),
        (
            "mobile phone number",
            "mobile phone",
            "mobile number",
            "matkapuhelin",
            "matkapuhelinnumero",
            "gsm",
            "kännykkä",
            "mobiltelefon",
            "mobil",
        ),
        cells.read_phones,
        may_repeat=True,
    ),
    Target(
        "job_title",
        _("Job title"),
        ("title", "role", "tehtävänimike", "titteli", "tehtävä", "titel", "befattning"),
        cells.text(120),
    ),
    Target(
        "company_name",
        _("Name of the company"),
        (
            "company",
            "organisation",
            "organization",
            "yritys",
            "yrityksen nimi",
            "yhtiö",
            "organisaatio",
            "asiakas",
            "företag",
            "bolag",
        ),
        cells.text(200),
    ),
    Target(
        "business_id",
        _("Business id of the company"),
        (
            "y-tunnus",
            "ytunnus",
            "company id",
            "fo-nummer",
            "företags- och samfundssignum",
            "vat number",
            "alv-numero",
        ),
        cells.read_business_id,
    ),
    Target(
        "street",
        _("Street address"),
        (
            "address",
            "street address",
            "osoite",
            "katuosoite",
            "lähiosoite",
            "postiosoite",
            "gatuadress",
            "adress",
        ),
        cells.text(200),
    ),
    Target(
        "postcode",
        _("Postcode"),
        ("postal code", "zip", "zip code", "postinumero", "postnummer"),
        cells.text(12),
    ),
    Target(
        "town",
        _("Town"),
        (
            "city",
            "postitoimipaikka",
            "kaupunki",
            "paikkakunta",
            "postort",
            "ort",
            "stad",
        ),
        cells.text(80),
    ),
    Target(
        "language",
        _("Language"),
        ("preferred language", "kieli", "asiointikieli", "språk"),
        cells.read_language,
    ),
):
    register_target(_target)
