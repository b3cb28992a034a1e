"""``/api/v1/contacts``: people, for other systems of the controller."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Path, Router, Schema
from ninja.responses import Status
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from contacts import known_by
from contacts.models import Contact, ContactPoint
from contacts.models.people import Source
from contacts.services import people
from register import access, audit
from register.api.errors import ApiError, errors
from register.api.idempotency import written_once
from register.api.keys import ApiKeyAuth, actor_of, key_of
from register.api.schemas import (
    Body,
    Email,
    IdempotencyKeyHeader,
    Name,
    Phone,
    seen_or_none,
)
from register.models import ApiKey
from register.services import protections

router = Router(tags=["contacts"])
READ = ApiKeyAuth(ApiKey.Scope.CONTACTS_READ)
WRITE = ApiKeyAuth(ApiKey.Scope.CONTACTS_WRITE)

_NAMES = ("first_name", "last_name", "preferred_name", "language")
MOST_ADDRESSES = 20
# More people than this do not share a telephone number in any useful sense.
MOST_FOUND = 50

Id = Annotated[UUID, Path(description="Number of the contact.")]
GivenEmail = Annotated[Email, Field(min_length=1)]
GivenPhone = Annotated[Phone, Field(min_length=1)]


class ContactIn(Body):
    """A person. At least one e-mail address or telephone number is needed."""

    first_name: Name = ""
    last_name: Name = ""
    preferred_name: Name = ""
    language: Literal["", "fi", "sv", "en"] = ""
    emails: list[GivenEmail] = Field(default=[], max_length=MOST_ADDRESSES)
    phones: list[GivenPhone] = Field(default=[], max_length=MOST_ADDRESSES)
    source_detail: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _has_address(self) -> Self:
        if not (self.emails or self.phones):
            raise _no_address()
        return self


class SearchIn(Body):
    """What to look for. With both, people who have either are found."""

    email: Email = ""
    phone: Phone = ""

    @model_validator(mode="after")
    def _has_address(self) -> Self:
        if not (self.email or self.phone):
            raise _no_address()
        return self


class ContactRef(Schema):
    """Which person it is. Their details need the scope for reading."""

    id: UUID


class PointOut(Schema):
    """An e-mail address or a telephone number in its normal form."""

    value: str
    label: str
    is_primary: bool
    usage: str
    valid_from: date | None
    valid_to: date | None
    is_verified: bool


class ContactOut(Schema):
    """A person as the register knows them."""

    id: UUID
    first_name: str
    last_name: str
    preferred_name: str
    language: str
    relationship: str
    emails: list[PointOut]
    phones: list[PointOut]
    source: str
    source_detail: str
    has_protected_address: bool
    collected_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None


class ContactsOut(Schema):
    """The people found, oldest first; ``more`` tells that not all are here."""

    results: list[ContactOut]
    more: bool


@router.post(
    "",
    auth=WRITE,
    response={
        200: ContactRef,
        201: ContactRef,
        **errors(400, 401, 403, 409, 410, 413, 415, 422),
    },
    summary="Add a contact, or find the one with the same address",
)
def create_or_find_contact(
    request: HttpRequest, body: ContactIn, idempotency_key: IdempotencyKeyHeader
) -> Status[ContactRef]:
    """Answer 201 with a new contact, or 200 with the one that has the address.

    Addresses that the contact lacks are added to it. Names that are stored are not
    changed. The answer is the number alone: a key that may write reads nobody's details.
    """

    sent = {name: getattr(body, name) for name in _NAMES}
    known_by.require(
        key_of(request), sent | {"email": body.emails, "phone": body.phones}
    )

    def write() -> tuple[int, Contact]:
        contact, is_new = people.find_or_create(
            first_name=body.first_name,
            last_name=body.last_name,
            preferred_name=body.preferred_name,
            language=body.language,
            emails=body.emails,
            phones=body.phones,
            source=Source.API,
            source_detail=body.source_detail,
            actor=actor_of(request),
        )
        if not is_new:
            _record_reads(request, [contact])
        return (201 if is_new else 200), contact

    def load(number: str) -> Contact | None:
        contact = Contact.objects.filter(pk=number).first()
        if contact is not None:
            _record_reads(request, [contact])
        return contact

    status = written_once(request, idempotency_key, write=write, load=load)
    return Status(status.status_code, ContactRef(id=status.value.pk))


@router.post(
    "/search",
    auth=READ,
    response={200: ContactsOut, **errors(400, 401, 403, 413, 415, 422)},
    summary="Find contacts by e-mail address or telephone number",
)
def search_contacts(request: HttpRequest, body: SearchIn) -> Status[ContactsOut]:
    """Return the people who have the address or the number, in any spelling.

    It is a POST although it changes nothing: addresses of web requests end up in logs,
    bodies do not.
    """
    key = key_of(request)
    # What the key does not read in clear is no way to find anybody, either.
    clear = {kind: _is_clear(key, kind) for kind in ContactPoint.Kind}
    found = people.find_by_points(
        emails=[body.email] if body.email and clear[ContactPoint.Kind.EMAIL] else [],
        phones=[body.phone] if body.phone and clear[ContactPoint.Kind.PHONE] else [],
    )
    contacts = list(found.order_by("created_at", "pk")[: MOST_FOUND + 1])
    more, contacts = len(contacts) > MOST_FOUND, contacts[:MOST_FOUND]
    audit.record(
        "register.searched",
        actor=actor_of(request),
        object_type="contacts.contact",
        count=len(contacts),
    )
    _record_reads(request, contacts)
    protected = protections.protected_among(contact.pk for contact in contacts)
    results = [
        contact_out(contact, is_protected=contact.pk in protected, reader=key)
        for contact in contacts
    ]
    return Status(200, ContactsOut(results=results, more=more))


@router.get(
    "/{contact_id}",
    auth=READ,
    response={200: ContactOut, **errors(400, 401, 403, 404, 422)},
    summary="Read a contact",
)
def read_contact(request: HttpRequest, contact_id: Id) -> Status[ContactOut]:
    """Return one person."""
    contact = Contact.objects.filter(pk=contact_id).first()
    if contact is None:
        raise ApiError(404)
    _record_reads(request, [contact])
    is_protected = bool(protections.protected_among([contact.pk]))
    seen = contact_out(contact, is_protected=is_protected, reader=key_of(request))
    return Status(200, seen)


def contact_out(contact: Contact, *, is_protected: bool, reader: object) -> ContactOut:
    """Return a contact as it goes out. No address and no workplace is among it.

    What is hidden from the role of the key is empty or left out, what is masked is a mask.
    """
    points = [
        access.as_seen(reader, point)
        for point in contact.points.all()
        if access.shown(reader, ContactPoint, "value", kind=point.kind)
    ]
    contact = access.as_seen(reader, contact)
    return ContactOut(
        id=contact.pk,
        first_name=contact.first_name,
        last_name=contact.last_name,
        preferred_name=contact.preferred_name,
        language=contact.language,
        relationship=contact.relationship,
        emails=_points(points, ContactPoint.Kind.EMAIL),
        phones=_points(points, ContactPoint.Kind.PHONE),
        source=contact.source,
        source_detail=contact.source_detail,
        has_protected_address=is_protected,
        collected_at=seen_or_none(contact, "collected_at"),
        created_at=seen_or_none(contact, "created_at"),
        updated_at=seen_or_none(contact, "updated_at"),
    )


def _is_clear(key: ApiKey, kind: ContactPoint.Kind) -> bool:
    return access.in_clear(key, ContactPoint, "value", kind=kind)


def _points(points: list[ContactPoint], kind: ContactPoint.Kind) -> list[PointOut]:
    return [
        PointOut(
            value=point.value,
            label=point.label,
            is_primary=bool(seen_or_none(point, "is_primary")),
            usage=point.usage,
            valid_from=seen_or_none(point, "valid_from"),
            valid_to=seen_or_none(point, "valid_to"),
            is_verified=bool(seen_or_none(point, "verified_at")),
        )
        for point in points
        if point.kind == kind
    ]


def _record_reads(request: HttpRequest, contacts: list[Contact]) -> None:
    actor = actor_of(request)
    audit.record_many(
        [
            audit.entry_values("record.viewed", actor=actor, obj=contact)
            for contact in contacts
        ]
    )


def _no_address() -> PydanticCustomError:
    return PydanticCustomError(
        "no_address", _("Give at least one e-mail address or telephone number.")
    )
