"""How bodies name people: those who took part, and the agent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from communications.services.participants import Person
from contacts import known_by
from register import audit
from register.actors import Actor
from register.api.keys import actor_of
from register.api.schemas import Body, Email, Name, Phone
from register.models import ApiKey, User
from register.retention_column import Expiring

PURPOSE = "customer_support"


class PersonIn(Body):
    """Somebody who took part: a contact, or an address, or nobody known."""

    contact_id: UUID | None = Field(
        default=None, description="Number of a contact. Then no address may be given."
    )
    email: Email = ""
    phone: Phone = ""
    first_name: Name = ""
    last_name: Name = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.contact_id is not None and (self.email or self.phone):
            raise PydanticCustomError(
                "two_ways", _("Give the number of a contact or an address, not both.")
            )
        return self

    def person(self, key: ApiKey, display_name: str = "") -> Person:
        """Return what the services take, if the key may find people by it."""
        names = ("email", "phone", "first_name", "last_name")
        known_by.require(key, {name: getattr(self, name) for name in names})
        return Person(
            contact_id=self.contact_id,
            email=self.email,
            phone=self.phone,
            first_name=self.first_name,
            last_name=self.last_name,
            display_name=display_name,
        )


def agent_with(email: str) -> User | None:
    """Return the member of staff; an unknown address is no reason to lose a record."""
    return User.objects.filter(email=email).first() if email else None


def due_instant(row: Expiring) -> datetime:
    """Return when a row will be deleted; a trigger of the database has written it."""
    assert row.ends_at is not None  # noqa: S101 - no row is without it
    return row.ends_at


def support_actor(request: HttpRequest) -> Actor:
    """Return the calling system, acting for customer support."""
    return actor_of(request, purpose=PURPOSE)


def record_read(
    request: HttpRequest, obj: models.Model, subjects: Sequence[UUID | None]
) -> None:
    """Record that a system read ``obj``, once for each person in it."""
    audit.record_for_each(
        subjects, "record.viewed", actor=support_actor(request), obj=obj
    )
