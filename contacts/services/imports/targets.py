"""What a column of a file can mean.

The apps above add targets of their own with :func:`register_target`; this app does
not know them.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.services.imports import cells, look_ups, rights as import_rights
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
            if target.may_be_used(user)
        ),
    ]


def of_words(
    code: str,
    label: str | Promise,
    look_up: Callable[[], Callable[[str], Any]],
    may_be_used: Callable[[object], bool] = lambda _user: True,
) -> Target:
    """Return a target whose cells name records of the register."""
    return Target(
        code,
        label,
        lambda cell: look_up()(cell),
        open=look_up,
        may_be_used=may_be_used,
    )


read_yes_no = cells.read_yes_no
read_whether_happened = cells.read_whether_happened

for _target in (
    Target("first_name", _("First name"), cells.text(100)),
    Target("last_name", _("Last name"), cells.text(100)),
    Target("full_name", _("Whole name"), cells.text(200)),
    Target("preferred_name", _("Preferred name"), cells.text(100)),
    Target("email", _("E-mail address"), cells.read_emails, may_repeat=True),
    Target("phone", _("Telephone"), cells.read_phones, may_repeat=True),
    Target("mobile", _("Mobile telephone"), cells.read_phones, may_repeat=True),
    Target("job_title", _("Job title"), cells.text(120)),
    Target("department", _("Department"), cells.text(80)),
    of_words("duties", _("Duties at the company"), look_ups.duties),
    Target("company_name", _("Name of the company"), cells.text(200)),
    Target("business_id", _("Business id of the company"), cells.read_business_id),
    Target("company_kind", _("Kind of company"), cells.read_company_kind),
    Target("company_status", _("Status of the company"), cells.read_company_status),
    Target("street", _("Street address"), cells.text(200)),
    Target("postcode", _("Postcode"), cells.read_postcode),
    Target("town", _("Town"), cells.text(80)),
    Target("country", _("Country"), cells.read_country),
    Target("address_usage", _("Use of the address"), cells.read_usage),
    Target("address_from", _("Address valid from"), cells.read_day),
    Target("address_to", _("Address valid to"), cells.read_day),
    Target("language", _("Language"), cells.read_language),
    Target("relationship", _("Relationship"), cells.read_relationship),
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
    Target("external_id", _("Number in the other system"), cells.text(100)),
):
    register_target(_target)
