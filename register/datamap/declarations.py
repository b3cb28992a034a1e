"""How a model says what its fields mean for people.

A declaration stands beside the fields as the class attribute ``data_map`` (for models
of other packages: in :mod:`register.datamap.third_party`). It is plain data: nothing
happens when it is written, everything is derived from it afterwards.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from register.datamap.vocabulary import (
    Access,
    Category,
    Erasure,
    Identifier,
    Portability,
)

SELF = "self"


@dataclasses.dataclass(frozen=True, slots=True)
class NotPersonal:
    """A field that says nothing about anyone, and why."""

    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Keep:
    """Why a value survives erasure, and until when (GDPR Art. 17(3)).

    ``law`` names the provision, ``period`` is an ISO 8601 period counted from
    ``anchor``: a field of the row, or by a path of the row that it is part of.
    """

    law: str
    period: str
    anchor: str


@dataclasses.dataclass(frozen=True, slots=True)
class Personal:
    """A field that is personal data, and what follows from that.

    ``meaning`` is told to the person. ``ground`` is required where access is withheld.
    ``mentions_others`` marks text in which anybody may be named: it waits for review
    before it is given to somebody else than its author, and it is searched and
    scrubbed when a person is erased. ``value`` is what ``Erasure.CONSTANT`` leaves.
    ``varies_by`` names the column that tells what kind of value stands here: rules for
    fields are given for each kind.
    """

    meaning: str
    access: Access = Access.GIVE
    portability: Portability = Portability.PROVIDED
    erasure: Erasure = Erasure.DELETE_ROW
    identifies: tuple[Identifier, ...] = ()
    mentions_others: bool = False
    ground: str = ""
    keep: Keep | None = None
    value: Any = None
    varies_by: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Keys:
    """A JSON object whose keys are known. The database refuses any other key."""

    keys: Mapping[str, Personal | NotPersonal]


FieldDeclaration = Personal | NotPersonal | Keys


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """How a row reaches a person, and what the person is in it.

    ``path`` is a Django look-up path that ends in the person's model, or ``SELF`` on
    that model itself. ``by_id`` names a UUID column instead (of the table ``path`` leads
    to, if one is given), for ledgers that name people without a foreign key. ``access`` and ``erasure`` apply to the whole row
    for a person in this role; the stricter of row and field decides.

    ``when`` names a column of the row, or of one it is part of (``company__kind``), and
    the value it must have: only then is the row about the person. What a company with
    limited liability is to its people is nothing of theirs, what a sole trader is, is.

    ``tells_whereabouts`` says that the row tells where the person lives or can be met;
    it is hidden while the person's address is protected.
    """

    role: str
    path: str = ""
    by_id: str = ""
    kind: str = "contact"
    access: Access = Access.GIVE
    erasure: Erasure = Erasure.DELETE_ROW
    when: tuple[str, str] | None = None
    tells_whereabouts: bool = False

    @property
    def condition(self) -> dict[str, str]:
        """The Django look-up that a row must meet, besides leading to the person."""
        return dict([self.when]) if self.when else {}

    @property
    def lookup(self) -> str:
        """The Django look-up from the row to the person's key."""
        if self.path == SELF:
            return "pk"
        return "__".join(part for part in (self.path, self.by_id) if part)


@dataclasses.dataclass(frozen=True, slots=True)
class Ends:
    """The row ends a fixed period after ``anchor`` (``fallback`` while that is empty).

    The due instant is stored in the column ``ends_at``. ``lag`` is the longest time
    the row may still exist after it; it is invisible from the instant itself.
    ``no_later_than`` names a date-time field; a row that has a value there ends then,
    should that be earlier.
    """

    rule: str
    period: str
    anchor: str
    fallback: str = ""
    lag: str = "PT1H"
    no_later_than: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class WithParent:
    """The row is part of another row and ends with it."""

    parent: str


@dataclasses.dataclass(frozen=True, slots=True)
class Reviewed:
    """No fixed end: kept while ``reason`` holds, looked at again after ``period``."""

    rule: str
    reason: str
    period: str
    anchor: str


Retention = Ends | WithParent | Reviewed


@dataclasses.dataclass(frozen=True, slots=True)
class ModelMap:
    """What one table means for people.

    A table with no personal field needs only ``fields`` and ``category``. Otherwise
    ``subjects``, ``activity`` (see :mod:`register.activities`), ``source`` and
    ``retention`` are required; the system checks say what is missing.
    ``is_derived`` marks a table of search words, whose rows lead nowhere without the row
    they are part of. ``seen_with`` names links whose rows must all be seen by whoever
    sees the row: that two are alike tells of both. ``reached_with`` names links by which a
    row is part of something that has somebody responsible itself: who reaches that
    reaches the row.
    """

    category: Category
    fields: Mapping[str, FieldDeclaration]
    subjects: tuple[Subject, ...] = ()
    activity: str = ""
    source: str = ""
    recipients: tuple[str, ...] = ()
    retention: Retention | None = None
    append_only: bool = False
    is_derived: bool = False
    seen_with: tuple[str, ...] = ()
    reached_with: tuple[str, ...] = ()
    root: str = ""
    # Of a table of earlier versions: the model they are of.
    versions_of: str = ""

    @property
    def is_personal(self) -> bool:
        """Whether any field or key of the table is personal data."""
        return any(True for _ in self.personal_fields())

    def personal_fields(self) -> list[tuple[str, Personal]]:
        """Return ``(name, declaration)``; JSON keys are named ``field.key``."""
        found: list[tuple[str, Personal]] = []
        for name, declaration in self.fields.items():
            if isinstance(declaration, Personal):
                found.append((name, declaration))
            elif isinstance(declaration, Keys):
                found.extend(
                    (f"{name}.{key}", inner)
                    for key, inner in declaration.keys.items()
                    if isinstance(inner, Personal)
                )
        return found
