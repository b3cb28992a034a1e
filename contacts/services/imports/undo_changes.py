"""Taking one value back, if it is still the one that the file brought."""

from __future__ import annotations

import uuid

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    ExternalId,
    ImportChange,
    PostalAddress,
)
from contacts.models.people import Source
from contacts.services import search_words
from contacts.services.imports.changes import role_text
from contacts.services.imports.replacements import use_first
from contacts.services.imports.replacing import address_text

Field, Kind, Undone = ImportChange.Field, ImportChange.Kind, ImportChange.Undone
_OF_CONTACT = (Field.FIRST_NAME, Field.LAST_NAME, Field.LANGUAGE, Field.RELATIONSHIP)


def take_back(change: ImportChange) -> str:
    """Undo one change; return what became of it. Its contact is locked."""
    field = change.field
    if field in _OF_CONTACT:
        found = Contact.objects.filter(pk=_key(change), **{field: change.new})
        return Undone.DONE if found.update(**{field: change.old}) else Undone.CHANGED
    if field in (Field.EMAIL, Field.PHONE):
        return _remove_point(change)
    if field in (Field.FIRST_EMAIL, Field.FIRST_PHONE):
        return _use_old_first(change)
    if field == Field.EXTERNAL_ID:
        numbers = ExternalId.objects.filter(contact_id=_key(change), value=change.new)
        return Undone.DONE if numbers.delete()[0] else Undone.GONE
    if field == Field.ROLE:
        return _remove_role(change)
    if field == Field.JOB_TITLE:
        roles = Affiliation.objects.filter(pk=change.record, job_title=change.new)
        return Undone.DONE if roles.update(job_title=change.old) else Undone.CHANGED
    return _address_back(change)


def _key(change: ImportChange) -> uuid.UUID:
    if change.contact_id is None:
        raise ValueError("The change is of no contact.")
    return change.contact_id


def take_number_back(change: ImportChange) -> str:
    """Take the business id from a company that had none before."""
    companies = Company.objects.filter(pk=change.record, business_id=change.new)
    if not companies.update(business_id=""):
        return Undone.CHANGED
    search_words.refresh_of_companies([change.record])  # type: ignore[list-item]
    return Undone.DONE


def _remove_point(change: ImportChange) -> str:
    point = ContactPoint.objects.filter(
        contact_id=_key(change), kind=change.field, value=change.new
    ).first()
    if point is None:
        return Undone.GONE
    is_as_brought = (
        point.source == Source.IMPORT
        and not point.verified_at
        and not (point.usage or point.valid_from or point.valid_to)
    )
    if not is_as_brought:
        return Undone.CHANGED
    others = ContactPoint.objects.filter(
        contact_id=_key(change), kind=change.field
    ).exclude(pk=point.pk)
    if point.is_primary and others.exists():
        # Somebody, or another file, has made it the first since.
        return Undone.CHANGED
    point.delete()
    return Undone.DONE


def _use_old_first(change: ImportChange) -> str:
    kind = change.field.removeprefix("first_")
    points = ContactPoint.objects.filter(contact_id=_key(change), kind=kind)
    is_as_left = points.filter(value=change.new, is_primary=True).exists()
    if not (is_as_left and points.filter(value=change.old).exists()):
        return Undone.CHANGED
    use_first(kind, [_key(change)], [change.old])
    return Undone.DONE


def _remove_role(change: ImportChange) -> str:
    roles = list(
        Affiliation.objects.select_related("company").filter(
            contact_id=_key(change),
            company_id=change.record,
            source=Source.IMPORT,
        )
    )
    if not roles:
        return Undone.GONE
    for role in roles:
        is_as_brought = not (
            role.duties
            or role.department
            or role.is_main
            or role.valid_from
            or role.valid_to
        )
        if is_as_brought and role_text(role.job_title, role.company.name) == change.new:
            role.delete()
            return Undone.DONE
    return Undone.CHANGED


def _address_back(change: ImportChange) -> str:
    if change.kind == Kind.REPLACED:
        address = PostalAddress.objects.filter(pk=change.record).first()
        if address is None:
            return Undone.GONE
        if _text(address) != change.new:
            return Undone.CHANGED
        street, postcode, town = change.old.split("\n")
        address.street, address.postcode, address.town = street, postcode, town
        address.save(update_fields=["street", "postcode", "town"])
        return Undone.DONE
    addresses = PostalAddress.objects.filter(
        contact_id=_key(change), source=Source.IMPORT
    )
    for address in addresses.order_by("-pk"):
        if _text(address) == change.new:
            if address.is_primary or address.verified_at or address.valid_to:
                return Undone.CHANGED
            address.delete()
            return Undone.DONE
    return Undone.GONE


def _text(address: PostalAddress) -> str:
    return address_text(address.street, address.postcode, address.town)
