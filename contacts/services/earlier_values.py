"""Putting back what stood in a record earlier, and removing old values that were wrong."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models, transaction
from django.utils.crypto import salted_hmac
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext_lazy as _

from contacts import normal_forms
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    InferredInterest,
    Interest,
    PostalAddress,
)
from contacts.services import people, search_words
from register import audit
from register.actors import Actor
from register.database.locks import Lock, advisory_locks
from register.errors import Conflict, DomainError
from register.history import reading
from register.history.acting import acting
from register.history.changes import Step
from register.services import protections

audit.register_actions(
    {
        "record.restored": _("put an earlier value back"),
        "history.removed": _("removed an earlier value"),
    }
)

SALT = "contacts.earlier_values.seen"

# What may be put back one by one. Marks that the register sets by itself, sources and
# who is responsible have pages and rules of their own.
FIELDS: dict[type[models.Model], frozenset[str]] = {
    Contact: people.CORRECTABLE,
    ContactPoint: frozenset({"value", "label", "usage", "valid_from", "valid_to"}),
    PostalAddress: frozenset(
        {"street", "postcode", "town", "country", "usage", "valid_from", "valid_to"}
    ),
    Affiliation: frozenset({"job_title", "department", "valid_from", "valid_to"}),
    Company: frozenset({"name", "business_id", "street", "postcode", "town"}),
}
PARTS = (ContactPoint, PostalAddress, Affiliation, Interest)


def may_put_back(step: Step, name: str) -> bool:
    """Whether a field of a row that is still there can get its old value again."""
    return (
        step.was is not None
        and not step.is_deleted
        and name in FIELDS.get(step.history.model, ())
        and name not in step.was.forgotten
    )


def may_bring_back(step: Step) -> bool:
    """Whether a row that was deleted can be added again as it was."""
    return step.is_deleted and step.history.model in PARTS and not step.was.forgotten


def current(step: Step) -> Any:
    """Return the row as it is, None if it is gone or not to be seen."""
    return step.history.model._default_manager.filter(pk=step.row_id).first()


def fingerprint(row: Any) -> str:
    """Return what tells whether a row was changed since somebody looked at it.

    It stands in the page, so it is keyed: what is masked there is not found by trying.
    """
    if row is None:
        return "gone"
    held = [
        str(getattr(row, field.attname))
        for field in row._meta.concrete_fields
        if not getattr(field, "auto_now", False)
    ]
    hashed = salted_hmac(SALT, "\x1f".join(held), algorithm="sha256")
    return hashed.hexdigest()[:32]


@transaction.atomic
def put_back(step: Step, name: str, *, seen: str, actor: Actor) -> None:
    """Give a field the value it had; ``seen`` is the fingerprint of the row looked at.

    Raises Conflict if the row was changed since, or something else has the value now.
    """
    if not may_put_back(step, name):
        raise DomainError("not_restorable", _("This value cannot be put back."))
    model: Any = step.history.model
    value = getattr(step.was, name)
    if model is ContactPoint and name == "value":
        advisory_locks(Lock.CONTACT_POINT, [value])
    _lock_owner(_owner_of(current(step)))
    row: Any = (
        model._default_manager.select_for_update(no_key=True, of=("self",))
        .filter(pk=step.row_id)
        .first()
    )
    _require_unchanged(row, seen)
    if getattr(row, model._meta.get_field(name).attname) == value:
        raise Conflict("as_it_was", _("The record holds this value already."))
    changed = [name]
    setattr(row, name, value)
    if model is ContactPoint and name == "value":
        # What is known of one address says nothing of another; of the old one stands
        # what was known when it went.
        row.value = _in_normal_form(row.kind, value)
        last: Any = (
            step.history.versions._base_manager.filter(row_id=row.pk, value=value)
            .order_by("-pk")
            .first()
        )
        row.undeliverable_since = last.undeliverable_since
        row.verified_at, row.verified_how, row.verified_by = None, "", None
        changed += ["undeliverable_since", "verified_at", "verified_how", "verified_by"]
    _clean(row)
    if isinstance(row, Contact | Company):
        changed.append("updated_at")
    with acting(actor):
        row.save(update_fields=changed)
    _finish(row, [name], actor=actor)


@transaction.atomic
def bring_back(step: Step, *, seen: str, actor: Actor) -> None:
    """Add a deleted address, role or interest again as it was, under its old number.

    It is the primary one only if there is none. Raises Conflict if it is there again.
    """
    if not may_bring_back(step):
        raise DomainError("not_restorable", _("This record cannot be brought back."))
    model: Any = step.history.model
    owner_id = step.was.of_contact_id
    if model is ContactPoint:
        advisory_locks(Lock.CONTACT_POINT, [step.was.value])
    if not _lock_owner(Contact(pk=owner_id)):
        raise Conflict("owner_gone", _("The person is no longer in the register."))
    _require_unchanged(current(step), seen)
    row = model(pk=step.row_id, contact_id=owner_id)
    for field in model._meta.concrete_fields:
        if field.name in step.history.fields and field.name != "contact":
            setattr(row, field.attname, getattr(step.was, field.name))
    if isinstance(row, ContactPoint | PostalAddress) and row.is_primary:
        others = model._default_manager.filter(contact=owner_id, is_primary=True)
        if isinstance(row, ContactPoint):
            others = others.filter(kind=row.kind)
        row.is_primary = not others.exists()
    if isinstance(row, Affiliation):
        row.is_main = False
    _clean(row)
    with acting(actor):
        row.save(force_insert=True)
        if isinstance(row, Interest):
            # What was only concluded gives way to what the person named.
            concluded = InferredInterest.objects.filter(contact=owner_id)
            concluded.filter(topic=row.topic_id).delete()
    _finish(row, ["value" if model is ContactPoint else "id"], actor=actor)


@transaction.atomic
def remove(step: Step, name: str, *, actor: Actor) -> int:
    """Take an old value that was wrong out of every version of the row that holds it.

    For rectification and erasure of single values (GDPR Art. 16, 17). It cannot be
    undone. Raises Conflict while the record itself still holds the value.
    """
    if step.was is None or name not in step.history.fields:
        raise DomainError("nothing_to_remove", _("There is no such earlier value."))
    value = getattr(step.was, name)
    if value in (None, "", []):
        raise Conflict("nothing_to_remove", _("The value was removed already."))
    row = current(step)
    if row is not None:
        field: Any = step.history.model._meta.get_field(name)
        if getattr(row, field.attname) == value:
            raise Conflict(
                "still_held", _("The record still holds this value; correct it first.")
            )
    versions = step.history.versions._base_manager.filter(row_id=step.row_id)
    removed = sum(
        reading.forget(version, [name])
        for version in versions.filter(**{name: value}).order_by("pk")
    )
    owner = _owner_of(step.was)
    audit.record(
        "history.removed",
        actor=actor,
        object_type=step.history.model._meta.label_lower,
        object_id=step.row_id,
        subject_id=owner.pk if isinstance(owner, Contact) else None,
        fields=[name],
        count=removed,
    )
    return removed


def _owner_of(row: Any) -> Contact | Company | None:
    """Return whose row it is, of a row or of a version of one."""
    if isinstance(row, Contact | Company) or row is None:
        return row
    owners: tuple[tuple[str, type[Contact | Company]], ...] = (
        ("contact_id", Contact),
        ("of_contact_id", Contact),
        ("of_person_id", Contact),
        ("of_company_id", Company),
    )
    for name, owner in owners:
        if key := getattr(row, name, None):
            return owner(pk=key)
    label = getattr(type(row).data_map, "versions_of", "")
    if label == Contact._meta.label_lower:
        return Contact(pk=row.of_self_id)
    return Company(pk=row.of_self_id) if label == Company._meta.label_lower else None


def _lock_owner(owner: Contact | Company | None) -> bool:
    if owner is None:
        return False
    rows: Any = type(owner)._default_manager
    return rows.select_for_update(no_key=True).filter(pk=owner.pk).first() is not None


def _require_unchanged(row: Any, seen: str) -> None:
    if fingerprint(row) != seen:
        raise Conflict(
            "changed_meanwhile",
            _("Somebody changed this record meanwhile. Look at it again, then decide."),
        )


def _in_normal_form(kind: str, value: str) -> str:
    if kind == ContactPoint.Kind.EMAIL:
        return normal_forms.email(value)
    return normal_forms.phone(value)


def _clean(row: models.Model) -> None:
    """Raise DomainError with the sentences of what does not fit."""
    try:
        row.full_clean()
    except ValidationError as error:
        said = []
        for name, messages in error.message_dict.items():
            words = " ".join(messages)
            if name != NON_FIELD_ERRORS:
                label = capfirst(str(row._meta.get_field(name).verbose_name))  # type: ignore[union-attr]
                words = f"{label}: {words}"
            said.append(words)
        raise Conflict("does_not_fit", format_lazy("{}", " ".join(said))) from error


def _finish(row: Any, fields: list[str], *, actor: Actor) -> None:
    """Record it, and renew the words by which people and companies are found."""
    name = row._meta.model_name
    owner = _owner_of(row)
    is_part = owner is not row
    audit.record(
        "record.restored",
        actor=actor,
        obj=owner,
        fields=[f"{name}.{field}" if is_part else field for field in fields],
    )
    if isinstance(owner, Company):
        search_words.refresh_of_companies([owner.pk])
    elif owner is not None and protections.protected_among([owner.pk]):
        search_words.refresh_with_colleagues([owner.pk])
    elif owner is not None:
        search_words.refresh([owner.pk])
