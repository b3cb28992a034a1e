"""What a column of a file can mean.

The apps above add targets of their own with :func:`register_target`; this app does
not know them.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    ExternalId,
    PostalAddress,
)
from contacts.services.imports import cells, look_ups, rights as import_rights
from register import access
from register.actors import Actor

SKIP = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Flagged:
    """Somebody of whom a file says something that is taken care of by an ``apply``.

    The addresses are those of the row and those already stored for the contact;
    ``row_emails`` are those of the row alone. ``contact_id`` is None if the row itself
    could not be imported.
    """

    emails: tuple[str, ...]
    phones: tuple[str, ...]
    contact_id: uuid.UUID | None
    row_emails: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """What a column can mean. By what names it is known says ``vocabulary``.

    ``read`` turns a cell into a value and raises :class:`cells.BadCell` for what it
    cannot read. ``apply`` belongs to targets that do not describe the person: it gets
    everybody whose value is true, inside the transaction that writes them, and returns
    how many were new; they are counted as ``counted_as``.
    """

    code: str
    label: str | Promise
    read: Callable[[str], Any]
    may_repeat: bool = False
    apply: Callable[[Sequence[Flagged], Actor], int] | None = None
    counted_as: str = "refusals"
    # Looks up once what the cells of many rows are compared with.
    open: Callable[[], Callable[[str], Any]] | None = None
    # What else than importing people it takes.
    may_be_used: Callable[[object], bool] = lambda _user: True
    # What it is written to, and by which people are recognised: model, field and kind.
    writes: tuple[tuple[type[models.Model], str, str], ...] = ()

    def is_for(self, user: object) -> bool:
        """Whether a user may bring it in: nothing that he does not see, or only reads.

        A file of all numbers would tell whose a masked one is.
        """
        return self.may_be_used(user) and all(
            access.editable(user, model, name, kind=kind)
            for model, name, kind in self.writes
        )

    def reader(self) -> Callable[[str], Any]:
        """Return what reads many cells."""
        return self.open() if self.open is not None else self.read


TARGETS: dict[str, Target] = {}


def register_target(target: Target) -> None:
    """Make a target known. A second one of the same code replaces the first."""
    TARGETS[target.code] = target


def choices(user: object) -> list[tuple[str, str | Promise]]:
    """Return what a user may choose, beginning with leaving the column out."""
    return [
        (SKIP, _("Do not import")),
        *(
            (target.code, target.label)
            for target in TARGETS.values()
            if target.is_for(user)
        ),
    ]


def columns_refused(targets: Sequence[str], user: object) -> list[str | Promise]:
    """Return the names of columns that take a right which a user has not."""
    return [
        TARGETS[code].label
        for code in targets
        if code in TARGETS and not TARGETS[code].is_for(user)
    ]


def of_words(
    code: str,
    label: str | Promise,
    look_up: Callable[[], Callable[[str], Any]],
    may_be_used: Callable[[object], bool] = lambda _user: True,
    writes: tuple[tuple[type[models.Model], str, str], ...] = (),
) -> Target:
    """Return a target whose cells name records of the register."""
    return Target(
        code,
        label,
        lambda cell: look_up()(cell),
        open=look_up,
        may_be_used=may_be_used,
        writes=writes,
    )


read_yes_no = cells.read_yes_no
read_whether_happened = cells.read_whether_happened

_NAMES = ((Contact, "first_name", ""), (Contact, "last_name", ""))
_EMAIL = ((ContactPoint, "value", ContactPoint.Kind.EMAIL.value),)
_PHONE = ((ContactPoint, "value", ContactPoint.Kind.PHONE.value),)


def _of(
    model: type[models.Model], name: str
) -> tuple[tuple[type[models.Model], str, str], ...]:
    return ((model, name, ""),)


for _target in (
    Target("first_name", _("First name"), cells.text(100), writes=_NAMES[:1]),
    Target("last_name", _("Last name"), cells.text(100), writes=_NAMES[1:]),
    Target("full_name", _("Whole name"), cells.text(200), writes=_NAMES),
    Target(
        "preferred_name",
        _("Preferred name"),
        cells.text(100),
        writes=_of(Contact, "preferred_name"),
    ),
    Target(
        "email",
        _("E-mail address"),
        cells.read_emails,
        may_repeat=True,
        writes=_EMAIL,
    ),
    Target("phone", _("Telephone"), cells.read_phones, may_repeat=True, writes=_PHONE),
    Target(
        "mobile",
        _("Mobile telephone"),
        cells.read_phones,
        may_repeat=True,
        writes=_PHONE,
    ),
    Target(
        "job_title",
        _("Job title"),
        cells.text(120),
        writes=_of(Affiliation, "job_title"),
    ),
    Target(
        "department",
        _("Department"),
        cells.text(80),
        writes=_of(Affiliation, "department"),
    ),
    of_words(
        "duties",
        _("Duties at the company"),
        look_ups.duties,
        writes=_of(Affiliation, "duties"),
    ),
    Target(
        "company_name",
        _("Name of the company"),
        cells.text(200),
        writes=_of(Company, "name"),
    ),
    Target(
        "business_id",
        _("Business id of the company"),
        cells.read_business_id,
        writes=_of(Company, "business_id"),
    ),
    Target(
        "company_kind",
        _("Kind of company"),
        cells.read_company_kind,
        writes=_of(Company, "kind"),
    ),
    Target(
        "company_status",
        _("Status of the company"),
        cells.read_company_status,
        writes=_of(Company, "status"),
    ),
    Target(
        "street",
        _("Street address"),
        cells.text(200),
        writes=_of(PostalAddress, "street"),
    ),
    Target(
        "postcode",
        _("Postcode"),
        cells.read_postcode,
        writes=_of(PostalAddress, "postcode"),
    ),
    Target("town", _("Town"), cells.text(80), writes=_of(PostalAddress, "town")),
    Target(
        "country",
        _("Country"),
        cells.read_country,
        writes=_of(PostalAddress, "country"),
    ),
    Target(
        "address_usage",
        _("Use of the address"),
        cells.read_usage,
        writes=_of(PostalAddress, "usage"),
    ),
    Target(
        "address_from",
        _("Address valid from"),
        cells.read_day,
        writes=_of(PostalAddress, "valid_from"),
    ),
    Target(
        "address_to",
        _("Address valid to"),
        cells.read_day,
        writes=_of(PostalAddress, "valid_to"),
    ),
    Target(
        "language",
        _("Language"),
        cells.read_language,
        writes=_of(Contact, "language"),
    ),
    Target(
        "relationship",
        _("Relationship"),
        cells.read_relationship,
        writes=_of(Contact, "relationship"),
    ),
    of_words(
        "interests",
        _("Interests the person named"),
        look_ups.topics,
        import_rights.may_add_interests,
    ),
    of_words(
        "responsible",
        _("Responsible (e-mail of the colleague)"),
        look_ups.colleagues,
        import_rights.may_assign,
    ),
    of_words("team", _("Team"), look_ups.teams, import_rights.may_assign),
    Target(
        "record_number",
        _("Number of the record in this register"),
        cells.read_record_number,
    ),
    Target(
        "external_id",
        _("Number in the other system"),
        cells.text(100),
        writes=_of(ExternalId, "value"),
    ),
):
    register_target(_target)
