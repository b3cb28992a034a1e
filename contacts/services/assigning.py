"""Making somebody, or a team, responsible for a person or a company."""

from __future__ import annotations

import uuid
from typing import Any, TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact
from register import audit
from register.actors import Actor
from register.database.scopes import RESPONSIBLE, TEAM
from register.errors import DomainError
from register.history.acting import acting
from register.models import Team, User

Row = TypeVar("Row", Contact, Company)
_OF: dict[str, type[Any]] = {RESPONSIBLE: User, TEAM: Team}


@transaction.atomic
def assign(row: Row, field: str, key: uuid.UUID | int | None, *, actor: Actor) -> Row:
    """Set who is ``responsible``, or the ``team`` that is; None for nobody.

    Raises DomainError for an account or a team that is not there, or not active.
    """
    if field not in _OF:
        raise ValueError(field)
    if key is not None and not _is_there(field, key):
        raise DomainError(
            "nobody_to_assign", _("Choose a colleague or a team that is there.")
        )
    model = type(row)
    locked = model._default_manager.select_for_update(no_key=True).get(pk=row.pk)
    if getattr(locked, f"{field}_id") != key:
        setattr(locked, f"{field}_id", key)
        with acting(actor):
            locked.save(update_fields=[field, "updated_at"])
        audit.record("record.changed", actor=actor, obj=locked, fields=[field])
    return locked


def _is_there(field: str, key: uuid.UUID | int) -> bool:
    rows = _OF[field].objects.filter(pk=key)
    return bool(
        (rows.filter(is_active=True) if field == RESPONSIBLE else rows).exists()
    )
