"""Taking one value back, if it is still the one that the file brought."""

from __future__ import annotations

import uuid
from datetime import date, datetime

from django.db.models import QuerySet

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    ExternalId,
    ImportChange,
    InferredInterest,
    Interest,
    PostalAddress,
    Profile,
)
from contacts.models.people import Source
from contacts.services import search_words
from contacts.services.imports.changes import address_record, role_text
from contacts.services.imports.replacements import use_first
from contacts.services.imports.replacing import address_text
from register.history.versions import history_of
from register.models import Team, User

Field, Kind, Undone = ImportChange.Field, ImportChange.Kind, ImportChange.Undone
_OF_CONTACT = (
    *(Field.FIRST_NAME, Field.LAST_NAME, Field.LANGUAGE, Field.RELATIONSHIP),
    Field.PREFERRED_NAME,
)
# Colleagues and teams, who may be gone by now.
_BY_KEY: dict[str, type[User | Team]] = {Field.RESPONSIBLE: User, Field.TEAM: Team}


def take_back(change: ImportChange) -> str:
    """Undo one change; return what became of it. Its contact is locked."""
    field = change.field
    if field in _OF_CONTACT:
        found = Contact.objects.filter(pk=_key(change), **{field: change.new})
        return Undone.DONE if found.update(**{field: change.old}) else Undone.CHANGED
    if field in _BY_KEY:
        return _assign_back(change)
    if field in (Field.EMAIL, Field.PHONE):
        return _remove_point(change)
    if field in (Field.FIRST_EMAIL, Field.FIRST_PHONE):
        return _use_old_first(change)
    if field == Field.EXTERNAL_ID:
        numbers = ExternalId.objects.filter(contact_id=_key(change), value=change.new)
        return Undone.DONE if numbers.delete()[0] else Undone.GONE
    if field == Field.ROLE:
        return _remove_role(change)
    if field in (Field.JOB_TITLE, Field.DEPARTMENT):
        return _role_text_back(change)
    if field == Field.DUTY:
        return _remove_duty(change)
    if field == Field.INTEREST:
        return _interest_back(change)
    return _address_back(change)


def _assign_back(change: ImportChange) -> str:
    field, model = change.field, _BY_KEY[change.field]
    if change.old and not model.objects.filter(pk=change.old).exists():
        return Undone.GONE
    found = Contact.objects.filter(pk=_key(change), **{f"{field}_id": change.new})
    changed = found.update(**{f"{field}_id": change.old or None})
    return Undone.DONE if changed else Undone.CHANGED


def _roles(change: ImportChange) -> QuerySet[Affiliation]:
    """The role that was changed, or those at the company whose role was filled in."""
    if change.kind == Kind.REPLACED:
        return Affiliation.objects.filter(pk=change.record)
    of_company = Affiliation.objects.filter(
        contact_id=_key(change), company_id=change.record
    )
    return of_company.order_by("pk")


def _role_text_back(change: ImportChange) -> str:
    found = _roles(change).filter(**{change.field: change.new}).first()
    if found is None:
        return Undone.CHANGED
    Affiliation.objects.filter(pk=found.pk).update(**{change.field: change.old})
    return Undone.DONE


def _remove_duty(change: ImportChange) -> str:
    found = _roles(change).filter(duties__contains=[change.new]).first()
    if found is None:
        return Undone.GONE
    left = [code for code in found.duties if code != change.new]
    Affiliation.objects.filter(pk=found.pk).update(duties=left)
    return Undone.DONE


def _interest_back(change: ImportChange) -> str:
    given = Interest.objects.filter(contact_id=_key(change), topic_id=change.new)
    if change.kind == Kind.ADDED:
        gone = given.filter(source=Source.IMPORT).delete()[0]
        return Undone.DONE if gone else Undone.GONE
    has_objected = Profile.objects.filter(
        contact_id=_key(change), objected_at__isnull=False
    )
    concluded = InferredInterest.objects.filter(
        contact_id=_key(change), topic_id=change.new
    )
    if given.exists() or concluded.exists() or has_objected.exists():
        return Undone.CHANGED
    # What it was concluded from is one line, so the last three are the others.
    text, on, source, at = change.old.rsplit("\n", 3)
    InferredInterest.objects.create(
        pk=change.record,
        contact_id=_key(change),
        topic_id=int(change.new),
        concluded_from=text,
        concluded_on=date.fromisoformat(on),
        source=source,
        created_at=datetime.fromisoformat(at),
    )
    return Undone.DONE


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
    if point.is_primary and _was_made_first(point):
        # Somebody, or another file, has made it the first since.
        return Undone.CHANGED
    point.delete()
    return Undone.DONE


def _was_made_first(point: ContactPoint) -> bool:
    """Whether an address is the first by what was done since, or others stand behind it."""
    later = ContactPoint.objects.filter(
        contact_id=point.contact_id, kind=point.kind, created_at__gt=point.created_at
    )
    if later.exists():
        return True
    history = history_of(ContactPoint)
    assert history is not None  # noqa: S101 - declared beside the model
    versions = history.versions._base_manager.filter(row_id=point.pk, is_primary=False)
    return versions.exists()


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
        is_as_brought = not (role.is_main or role.valid_from or role.valid_to)
        told = role_text(
            role.job_title, role.company.name, role.department, role.duties
        )
        if is_as_brought and told == change.new:
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
            is_as_brought = address_record(address) == (change.record or "|||FI")
            if address.is_primary or address.verified_at or not is_as_brought:
                return Undone.CHANGED
            address.delete()
            return Undone.DONE
    return Undone.GONE


def _text(address: PostalAddress) -> str:
    return address_text(address.street, address.postcode, address.town)
