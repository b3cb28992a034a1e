"""Finding people by their addresses, adding them, and correcting their details."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from contacts import normal_forms
from contacts.models import Contact, ContactPoint
from contacts.models.people import Source
from contacts.selectors import holders_of
from contacts.services import search_words
from register import audit
from register.actors import Actor
from register.database.locks import Lock, advisory_locks
from register.errors import DomainError
from register.history.acting import acting
from register.identifiers import (
    normalise_name,
    try_normalise_email,
    try_normalise_phone,
)
from register.models import NoticeRevision

audit.register_actions(
    {
        "contact.email_deliverable": _(
            "cleared the mark that mail to an address comes back"
        )
    }
)

EMAIL, PHONE = ContactPoint.Kind.EMAIL, ContactPoint.Kind.PHONE
# What a correction may touch. Addresses are added and removed, not corrected.
CORRECTABLE = frozenset(
    {
        "first_name",
        "last_name",
        "preferred_name",
        "language",
        "relationship",
        "source_detail",
    }
)

# By which somebody is found.
NAMES = frozenset({"first_name", "last_name", "preferred_name"})


def find_by_points(
    *, emails: Iterable[str] = (), phones: Iterable[str] = ()
) -> QuerySet[Contact]:
    """Contacts who have one of these addresses or numbers, in any spelling.

    What is no address or number finds nobody.
    """
    return holders_of(
        emails={found for text in emails if (found := try_normalise_email(text))},
        phones={found for text in phones if (found := try_normalise_phone(text))},
    )


@transaction.atomic
def find_or_create(
    *,
    first_name: str = "",
    last_name: str = "",
    emails: Iterable[str] = (),
    phones: Iterable[str] = (),
    preferred_name: str = "",
    language: str = "",
    source: Source | str,
    source_detail: str = "",
    actor: Actor,
) -> tuple[Contact, bool]:
    """Return the contact with one of these addresses, or add one; and whether it is new.

    An e-mail address is a better sign than a telephone number, which whole offices
    share: somebody with the same number and another name is another person. Names
    that are stored are never overwritten. Missing addresses are added. Two calls at
    once with the same address make one contact.

    Raises DomainError for what is no address or number, or if nothing is given.
    """
    points = [(EMAIL, normal_forms.email(text)) for text in dict.fromkeys(emails)]
    points += [(PHONE, normal_forms.phone(text)) for text in dict.fromkeys(phones)]
    points = list(dict.fromkeys(points))
    first_name, last_name = first_name.strip(), last_name.strip()
    if not (points or first_name or last_name):
        raise DomainError(
            "contact_empty", _("Give a name, an e-mail address or a telephone number.")
        )
    advisory_locks(Lock.CONTACT_POINT, (value for _kind, value in points))
    contact = _holder(points, f"{first_name} {last_name}")
    if contact is not None:
        _add_points(contact, points, source=source, actor=actor)
        return contact, False
    contact = Contact(
        first_name=first_name,
        last_name=last_name,
        preferred_name=preferred_name.strip(),
        language=language,
        source=source,
        source_detail=source_detail,
        notice=NoticeRevision.in_force(),
    )
    _clean(contact)
    contact.save(force_insert=True)
    missing = _missing_points(contact, points, source=source)
    given = [
        name
        for name in ("first_name", "last_name", "preferred_name", "language")
        if getattr(contact, name)
    ]
    if missing:
        given.append("contactpoint.value")
    audit.record("record.added", actor=actor, obj=contact, fields=given)
    search_words.refresh([contact.pk])
    return contact, True


@transaction.atomic
def correct(contact: Contact, *, actor: Actor, **fields: Any) -> Contact:
    """Set fields of a contact to what is right (GDPR Art. 16).

    Only what differs is written and named in the audit trail. Raises DomainError if a
    value is not acceptable, and ValueError for a field that is not corrected here.
    """
    if unknown := fields.keys() - CORRECTABLE:
        raise ValueError(f"Not to be corrected here: {', '.join(sorted(unknown))}.")
    locked = Contact.objects.select_for_update(no_key=True).get(pk=contact.pk)
    changed = sorted(
        name for name, value in fields.items() if getattr(locked, name) != value
    )
    if not changed:
        return locked
    for name in changed:
        setattr(locked, name, fields[name])
    _clean(locked)
    with acting(actor):
        locked.save(update_fields=[*changed, "updated_at"])
    audit.record("record.changed", actor=actor, obj=locked, fields=changed)
    if NAMES & set(changed):
        search_words.refresh([locked.pk])
    return locked


@transaction.atomic
def mark_deliverable(point: ContactPoint, *, actor: Actor) -> bool:
    """Take the mark away that mail to an address comes back; return whether it had one."""
    with acting(actor):
        is_cleared = ContactPoint.objects.filter(
            pk=point.pk, undeliverable_since__isnull=False
        ).update(undeliverable_since=None)
    if is_cleared:
        audit.record("contact.email_deliverable", actor=actor, obj=point.contact)
    return bool(is_cleared)


def _holder(points: list[tuple[ContactPoint.Kind, str]], name: str) -> Contact | None:
    """Return the best match and lock it: by e-mail, then by number, oldest first."""
    wanted = normalise_name(name)
    for kind in (EMAIL, PHONE):
        values = {value for point_kind, value in points if point_kind == kind}
        if not values:
            continue
        holders = holders_of(
            emails=values if kind == EMAIL else set(),
            phones=values if kind == PHONE else set(),
        )
        candidates = list(
            holders.select_for_update(no_key=True, of=("self",)).order_by(
                "created_at", "pk"
            )
        )
        namesakes = [
            contact
            for contact in candidates
            if wanted and normalise_name(contact.full_name) == wanted
        ]
        if kind == PHONE and wanted:
            candidates = [contact for contact in candidates if not contact.full_name]
        if found := [*namesakes, *candidates]:
            return found[0]
    return None


def _add_points(
    contact: Contact,
    points: list[tuple[ContactPoint.Kind, str]],
    *,
    source: Source | str,
    actor: Actor,
) -> None:
    if _missing_points(contact, points, source=source):
        audit.record(
            "record.changed", actor=actor, obj=contact, fields=["contactpoint.value"]
        )
        search_words.refresh([contact.pk])


def _missing_points(
    contact: Contact,
    points: list[tuple[ContactPoint.Kind, str]],
    *,
    source: Source | str,
) -> list[ContactPoint]:
    """Add the addresses the contact lacks; the first of a kind is the primary one."""
    stored = list(contact.points.values_list("kind", "value", "is_primary"))
    known = {(kind, value) for kind, value, _primary in stored}
    with_primary = {kind for kind, _value, is_primary in stored if is_primary}
    added = []
    for kind, value in points:
        if (kind, value) in known:
            continue
        point = ContactPoint(
            contact=contact,
            kind=kind,
            value=value,
            is_primary=kind not in with_primary,
            source=source,
        )
        with_primary.add(kind)
        _clean(point)
        added.append(point)
    ContactPoint.objects.bulk_create(added)
    return added


def _clean(obj: Contact | ContactPoint) -> None:
    """Raise DomainError naming the fields whose values cannot be stored."""
    # PostgreSQL refuses NUL in texts, and a model's own validation lets it through.
    wrong = {
        field.name
        for field in obj._meta.concrete_fields
        if "\0" in str(field.value_from_object(obj))
    }
    try:
        obj.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as error:
        wrong |= set(error.message_dict)
    if wrong:
        names = sorted(str(obj._meta.get_field(name).verbose_name) for name in wrong)  # type: ignore[union-attr]
        raise DomainError(
            "contact_invalid",
            format_lazy(
                "{} {}.",
                _("These details cannot be stored; check them:"),
                ", ".join(names),
            ),
        )
