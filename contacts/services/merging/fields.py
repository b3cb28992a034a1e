"""Field by field: what both records say, and what the one that stays says afterwards."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db import models
from django.utils.crypto import salted_hmac

SALT = "contacts.merging.seen"
# Told by the register, not chosen by people.
_AUTOMATIC = frozenset({"created_at", "updated_at"})


@dataclasses.dataclass(frozen=True, slots=True)
class Choice:
    """A field in which two records may differ."""

    field: Any
    kept: Any
    gone: Any

    @property
    def name(self) -> str:
        """Return the name of the field."""
        return str(self.field.name)

    @property
    def differs(self) -> bool:
        """Whether both say something, and not the same."""
        return (
            not is_empty(self.kept)
            and not is_empty(self.gone)
            and self.kept != self.gone
        )


def is_empty(value: Any) -> bool:
    """Whether a field says nothing."""
    return value is None or value in ("", [], {})


def choices(kept: models.Model, gone: models.Model) -> Sequence[Choice]:
    """Return the fields of two records that a merge has to settle."""
    return [
        Choice(field, getattr(kept, field.attname), getattr(gone, field.attname))
        for field in kept._meta.concrete_fields
        if not (field.primary_key or field.name in _AUTOMATIC)
    ]


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
    for choice in choices(kept, gone):
        fills = is_empty(choice.kept) and not is_empty(choice.gone)
        if fills or (choice.differs and choice.name in taken):
            setattr(kept, choice.field.attname, choice.gone)
            changed.append(choice.name)
    if gone.created_at < kept.created_at:
        kept.created_at = gone.created_at
        changed.append("created_at")
    return changed
