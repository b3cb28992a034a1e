"""One row of a file as a person, with everything that is wrong with it."""

from __future__ import annotations

import dataclasses
import datetime
import uuid
from collections.abc import Sequence
from typing import Any

from contacts.services.imports import cells
from contacts.services.imports.targets import TARGETS, Target
from register import identity_codes

# Targets that tell where somebody lives or can be met.
WHEREABOUTS = (
    "street",
    "postcode",
    "town",
    "company_name",
    "business_id",
    "job_title",
    *("department", "duties", "company_kind", "company_status"),
    *("country", "address_usage", "address_from", "address_to"),
)
DAYS = ("address_from", "address_to")
# The code of a contact card that could not be read.
CARD = "card_unreadable"
# Not about one column of the row.
WHOLE_ROW = -1


def without_whereabouts(row: Sequence[str], targets: Sequence[str]) -> list[str]:
    """Return the cells of a row with all emptied that may tell where somebody is.

    Of a column that is not imported nobody knows what it tells, so it is emptied, too.
    """
    return [
        cell
        if index < len(targets) and targets[index] and targets[index] not in WHEREABOUTS
        else ""
        for index, cell in enumerate(row)
    ]


@dataclasses.dataclass(slots=True)
class Person:
    """What a row says, in stored form. ``errors`` are codes with a column."""

    row_id: int
    emails: list[str] = dataclasses.field(default_factory=list)
    # Numbers with whether they are mobile.
    phones: dict[str, bool] = dataclasses.field(default_factory=dict)
    first_name: str = ""
    last_name: str = ""
    language: str = ""
    job_title: str = ""
    company_name: str = ""
    business_id: str = ""
    street: str = ""
    postcode: str = ""
    town: str = ""
    country: str = ""
    address_usage: str = ""
    address_from: datetime.date | None = None
    address_to: datetime.date | None = None
    department: str = ""
    # Codes of duties, and keys of topics.
    duties: list[str] = dataclasses.field(default_factory=list)
    interests: list[int] = dataclasses.field(default_factory=list)
    company_kind: str = ""
    company_status: str = ""
    preferred_name: str = ""
    responsible: uuid.UUID | None = None
    team: int | None = None
    relationship: str = ""
    # The number of the record here, and in the system that the file comes from.
    record_number: uuid.UUID | None = None
    external_id: str = ""
    # Codes of what is to be considered, and of what keeps the row out.
    marks: set[str] = dataclasses.field(default_factory=set)
    blocked: list[str] = dataclasses.field(default_factory=list)
    # Codes of targets of the apps above whose cells say yes.
    flags: set[str] = dataclasses.field(default_factory=set)
    errors: list[str] = dataclasses.field(default_factory=list)
    # Those of the errors that are about where the person is.
    whereabouts_errors: list[str] = dataclasses.field(default_factory=list)
    # What is not taken over although the row is: told, but no reason to refuse it.
    remarks: list[str] = dataclasses.field(default_factory=list)

    def leave_out_whereabouts(self) -> bool:
        """Forget what tells where the person is; return whether there was anything."""
        said = [name for name in WHEREABOUTS if getattr(self, name)]
        for name in said:
            setattr(
                self, name, type(getattr(self, name))() if name not in DAYS else None
            )
        self.errors = [e for e in self.errors if e not in self.whereabouts_errors]
        return bool(said or self.whereabouts_errors)

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def has_address(self) -> bool:
        """Whether the postal address says anything."""
        return bool(self.street or self.postcode or self.town)


def error(code: str, column: int = WHOLE_ROW) -> str:
    """Return an error as it is stored: a code, and the number of a column if of one."""
    return code if column == WHOLE_ROW else f"{code}:{column}"


class RowReader:
    """Reads rows by the targets of their columns."""

    def __init__(self, targets: Sequence[str]) -> None:
        self._width = len(targets)
        self._columns = [
            (index, TARGETS[code], TARGETS[code].reader())
            for index, code in enumerate(targets)
            if code
        ]
        # Spreadsheet programs leave out empty cells at the end of a row; but a row that
        # was torn apart must not lose what it says about refusing.
        self._shortest = max(
            (index + 1 for index, target, _read in self._columns if target.apply),
            default=0,
        )

    def read(self, row_id: int, row: Sequence[str]) -> Person:
        """Return what the row says. What cannot be read is among its errors."""
        person = Person(row_id)
        if len(row) < self._shortest or any(map(str.strip, row[self._width :])):
            # Which cell belongs to which column is anybody's guess.
            person.errors.append(error("column_count"))
            return person
        for index, target, read in self._columns:
            cell = cells.plain(row[index]) if index < len(row) else ""
            if not cell:
                continue
            if identity_codes.MASK in cell:
                person.errors.append(error(identity_codes.CODE, index))
                continue
            try:
                cells.refuse_error(cell)
                _take(person, target, read(cell))
            except cells.BadCell as bad:
                if bad.code == CARD:
                    person.errors.append(error(CARD))  # about no one column
                    return person
                person.errors.append(error(bad.code, index))
                if target.code in WHEREABOUTS:
                    person.whereabouts_errors.append(person.errors[-1])
        if (
            person.address_from
            and person.address_to
            and person.address_to < person.address_from
        ):
            person.errors.append(error("address_ends_early"))
            person.whereabouts_errors.append(person.errors[-1])
        is_known = person.record_number or person.external_id
        if not (person.emails or person.phones or is_known or person.errors):
            person.errors.append(error("no_way_to_reach"))
        has_role = person.job_title or person.department or person.duties
        if has_role and not (person.company_name or person.business_id):
            person.remarks.append(error("job_title_alone"))
        return person


def _take(person: Person, target: Target, value: Any) -> None:
    if target.apply is not None:
        if value:
            person.flags.add(target.code)
    elif target.code == "email":
        person.emails += [email for email in value if email not in person.emails]
    elif target.code in ("phone", "mobile"):
        for number in value:
            is_mobile = target.code == "mobile" or person.phones.get(number, False)
            person.phones[number] = is_mobile
    elif target.code == "full_name":
        person.first_name, person.last_name = _split_name(value)
    else:
        setattr(person, target.code, value)


def _split_name(name: str) -> tuple[str, str]:
    """Return first and last names: "Virtanen, Anna" or "Anna Maria Virtanen"."""
    last, comma, first = name.partition(",")
    if not comma:
        first, _, last = name.rpartition(" ")
        first, last = (first, last) if first else (last, "")
    return first.strip()[:100], last.strip()[:100]
