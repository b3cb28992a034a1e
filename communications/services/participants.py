"""From what a sending system knows of people to the contacts of the register."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from contacts.models.people import Source
from contacts.services import people
from register.actors import Actor
from register.database.locks import Lock, advisory_locks
from register.errors import DomainError
from register.identifiers import try_normalise_email, try_normalise_phone


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who took part. Without a contact and an address: nobody knows who.

    A name alone identifies nobody, so it makes no contact.
    """

    contact_id: UUID | None = None
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    display_name: str = ""

    @property
    def has_address(self) -> bool:
        """Whether the person can be found or added by an address."""
        return bool(self.email or self.phone)


def resolve(
    persons: Sequence[Person], *, source: Source, field: str, actor: Actor
) -> list[Contact | None]:
    """Return the contact of each person, adding those the register does not know.

    Call it in the transaction that uses the contacts: they are locked against being
    erased until it ends. ``field`` names the persons in a refusal.

    Raises DomainError for a contact that does not exist and an address that is none.
    """
    # All at once and in one order, so that two conversations of the same two people
    # do not wait for each other.
    advisory_locks(
        Lock.CONTACT_POINT,
        (address for person in persons for address in _addresses(person)),
    )
    wanted = sorted({p.contact_id for p in persons if p.contact_id is not None})
    known = {
        contact.pk: contact
        for contact in Contact.objects.select_for_update(no_key=True)
        .filter(pk__in=wanted)
        .order_by("pk")
    }
    found: list[Contact | None] = []
    for index, person in enumerate(persons):
        place = field.format(index=index)
        if person.contact_id is not None:
            if person.contact_id not in known:
                raise DomainError(
                    "unknown_contact",
                    _("There is no such contact."),
                    field=f"{place}.contact_id",
                )
            found.append(known[person.contact_id])
        elif person.has_address:
            found.append(_find_or_create(person, source=source, actor=actor))
        else:
            found.append(None)
    return found


def _find_or_create(person: Person, *, source: Source, actor: Actor) -> Contact:
    contact, _is_new = people.find_or_create(
        first_name=person.first_name,
        last_name=person.last_name,
        emails=[person.email] if person.email else [],
        phones=[person.phone] if person.phone else [],
        source=source,
        actor=actor,
    )
    return contact


def _addresses(person: Person) -> list[str]:
    if person.contact_id is not None:
        return []
    found = [
        try_normalise_email(person.email) if person.email else None,
        try_normalise_phone(person.phone) if person.phone else None,
    ]
    return [address for address in found if address]
