"""Field by field: what both records say, and what the one that stays says afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import models
from django.utils.crypto import salted_hmac

from contacts.models import Contact
from contacts.models.people import Source

SALT = "contacts.merging.seen"
# Told by the register, not chosen by people.
_AUTOMATIC = frozenset({"created_at", "updated_at"})
# Whence the data came and whether the person knows: they belong together.
_ORIGIN = frozenset(
    {"source", "source_detail", "collected_at", "notice", "informed_at"}
)


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """A field in which two records may differ."""

    field: Any
    kept: Any
    gone: Any
    # A rule decides, not whoever merges.
    is_settled: bool = False

    @property
    def name(self) -> str:
        """Return the name of the field."""
        return str(self.field.name)

    @property
    def differs(self) -> bool:
        """Whether both say something, and not the same, and one of them is to be chosen."""
        return (
            not self.is_settled
            and not is_empty(self.kept)
            and not is_empty(self.gone)
            and self.kept != self.gone
        )


def is_empty(value: Any) -> bool:
    """Whether a field says nothing."""
    return value is None or value in ("", [], {})


def choices(kept: models.Model, gone: models.Model) -> Sequence[Choice]:
    """Return the fields of two records that a merge has to settle."""
    settled = _ORIGIN if _untold(kept, gone) else frozenset()
    return [
        Choice(
            field,
            getattr(kept, field.attname),
            getattr(gone, field.attname),
            is_settled=field.name in settled,
        )
        for field in kept._meta.concrete_fields
        if not (field.primary_key or field.name in _AUTOMATIC)
    ]


def _untold(*records: models.Model) -> Contact | None:
    """Return the record of which the person is still to be told, the most urgent first.

    As long as one is, the person is to be told of that data by that day (GDPR Art. 14):
    no merge with what the person gave, or was told of, ends that.
    """
    untold = [
        record
        for record in records
        if isinstance(record, Contact)
        and record.source != Source.PERSON
        and record.informed_at is None
    ]
    return min(untold, key=lambda record: record.collected_at, default=None)


def fingerprint(records: Iterable[models.Model]) -> str:
    """Return what tells whether records still say what somebody saw of them.

    It stands in the page, also of who does not see all of them: so it is keyed, or a
    number could be found by trying.
    """
    said = [
        (str(record.pk), choice.name, str(choice.kept))
        for record in sorted(records, key=lambda each: str(each.pk))
        for choice in choices(record, record)
    ]
    return salted_hmac(SALT, repr(said), algorithm="sha256").hexdigest()


def take(kept: Any, gone: Any, taken: Collection[str]) -> list[str]:
    """Let ``kept`` say what was chosen, and what only ``gone`` says; return what changed.

    The record is as old as the older of the two.
    """
    changed = []
    untold = _untold(kept, gone)
    for choice in choices(kept, gone):
        if choice.is_settled:
            settled = getattr(untold, choice.field.attname)
            if choice.kept != settled:
                setattr(kept, choice.field.attname, settled)
                changed.append(choice.name)
            continue
        fills = is_empty(choice.kept) and not is_empty(choice.gone)
        if fills or (choice.differs and choice.name in taken):
            setattr(kept, choice.field.attname, choice.gone)
            changed.append(choice.name)
    if gone.created_at < kept.created_at:
        kept.created_at = gone.created_at
        changed.append("created_at")
    return changed
