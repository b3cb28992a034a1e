"""Protecting addresses, naming who may see them, and seeing them on the record."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable
from datetime import date

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register import access, audit
from register.activities import ACTIVITIES
from register.actors import Actor
from register.datamap.derived import rebuild
from register.datamap.graph import graph
from register.datamap.vocabulary import Action, Category
from register.errors import Conflict, DomainError
from register.models import AddressProtection, User, WhereaboutsReader
from register.services import approvals

READER = "register.whereabouts_reader"
# So many keys are written into a question.
FEW = 500

audit.register_actions(
    {
        "address.protected": _("protected an address"),
        "address.protection_lifted": _("lifted the protection of an address"),
        "address.revealed": _("looked at a protected address"),
        "reader.named": _("named a reader of protected addresses"),
        "reader.approved": _("approved a reader of protected addresses"),
        "reader.ended": _("took the reading of protected addresses from somebody"),
    }
)


@transaction.atomic
def protect(
    subject_id: uuid.UUID,
    *,
    ground: AddressProtection.Ground | str,
    actor: Actor,
    evidence: str = "",
    valid_until: date | None = None,
) -> AddressProtection:
    """Hide where a person is, from this moment on.

    Raises Conflict where that is so already: what protects is changed only by those who
    may lift it, who lift it and protect anew.
    """
    if valid_until is not None and valid_until < timezone.localdate():
        raise DomainError(
            "protection_over", _("The last day is over already."), field="valid_until"
        )
    waiting = AddressProtection.objects.select_for_update().filter(
        subject_id=subject_id, lifted_at=None
    )
    for earlier in waiting:
        if earlier.is_in_force:
            raise Conflict("already_protected", _("The address is protected already."))
        earlier.lifted_at = timezone.now()
        earlier.save(update_fields=["lifted_at"])
    made = AddressProtection(
        subject_id=subject_id,
        ground=ground,
        evidence=evidence.strip(),
        valid_until=valid_until,
        set_by=actor.user,
    )
    made.full_clean()
    made.save(force_insert=True)
    audit.record(
        "address.protected",
        actor=actor,
        obj=made,
        subject_id=subject_id,
        reason=str(ground),
    )
    rebuild(graph().root("contact").label, [subject_id])
    return made


@transaction.atomic
def lift(protection: AddressProtection, *, actor: Actor) -> AddressProtection:
    """Let the person's whereabouts be seen again. Twice changes nothing."""
    found = AddressProtection.objects.select_for_update().get(pk=protection.pk)
    if found.lifted_at is None:
        found.lifted_at = timezone.now()
        found.save(update_fields=["lifted_at"])
        audit.record(
            "address.protection_lifted",
            actor=actor,
            obj=found,
            subject_id=found.subject_id,
        )
        rebuild(graph().root("contact").label, [found.subject_id])
    return found


def in_force(on: date | None = None) -> QuerySet[AddressProtection]:
    """Return the protections that hide something; ``on`` is today in Finland unless given."""
    on = on or timezone.localdate()
    return AddressProtection.objects.filter(
        Q(valid_until=None) | Q(valid_until__gte=on), lifted_at=None
    )


def protection_of(subject_id: uuid.UUID) -> AddressProtection | None:
    """Return the protection of a person that is in force, if there is one."""
    return in_force().filter(subject_id=subject_id).first()


def protected_among(subject_ids: Iterable[uuid.UUID | None]) -> set[uuid.UUID]:
    """Return those of some persons whose address is protected."""
    wanted = {pk for pk in subject_ids if pk is not None}
    if not wanted:
        return set()
    found = in_force().filter(subject_id__in=wanted)
    return set(found.values_list("subject_id", flat=True))


def protections_among(
    subject_ids: Iterable[uuid.UUID | None],
) -> dict[uuid.UUID, AddressProtection]:
    """Return the protections that are in force of some persons, the oldest of each."""
    wanted = {pk for pk in subject_ids if pk is not None}
    kept: dict[uuid.UUID, AddressProtection] = {}
    if not wanted:
        return kept
    found = in_force()
    # Protected people are few: of many it is cheaper to ask for all of them.
    if len(wanted) <= FEW:
        found = found.filter(subject_id__in=wanted)
    for each in found:
        if each.subject_id not in wanted:
            continue
        known = kept.setdefault(each.subject_id, each)
        if each.set_at < known.set_at:
            kept[each.subject_id] = each
    return kept


def ended_between(first: date, end: date) -> list[uuid.UUID]:
    """Return the persons whose last protected day was from ``first`` to before ``end``."""
    found = AddressProtection.objects.filter(
        lifted_at=None, valid_until__gte=first, valid_until__lt=end
    )
    return list(found.values_list("subject_id", flat=True))


# --- who may see ---------------------------------------------------------------------


def is_reader(user: object) -> bool:
    """Whether the user was named and approved, and may see people at all."""
    return (
        isinstance(user, User)
        and access.may(user, Action.VIEW, Category.IDENTITY)
        and WhereaboutsReader.objects.filter(
            user=user, approved_at__isnull=False
        ).exists()
    )


def reveal(subject_ids: Iterable[uuid.UUID], *, purpose: str, actor: Actor) -> None:
    """Record that a reader looks at where protected persons are, one entry for each.

    Raises PermissionDenied for anybody else, and DomainError for a purpose that is none.
    """
    if not is_reader(actor.user):
        raise PermissionDenied
    if purpose not in ACTIVITIES:
        raise DomainError("purpose_missing", _("Choose what you look at it for."))
    label = graph().root("contact").model._meta.label_lower
    for subject_id in subject_ids:
        audit.record(
            "address.revealed",
            actor=actor.with_purpose(purpose),
            object_type=label,
            object_id=subject_id,
            subject_id=subject_id,
        )


@transaction.atomic
def name_reader(user: User, *, actor: Actor) -> WhereaboutsReader:
    """Propose somebody as a reader; it is in force once a second person approves."""
    reader = WhereaboutsReader(user=user, named_by=actor.user)
    reader.full_clean()
    reader.save(force_insert=True)
    audit.record("reader.named", actor=actor, obj=user)
    approvals.ask(READER, object_id=reader.pk, actor=actor)
    return reader


@transaction.atomic
def end_reader(reader: WhereaboutsReader, *, actor: Actor) -> None:
    """Take the reading from somebody, at once and by one person."""
    approvals.withdraw(READER, object_id=reader.pk, actor=actor)
    audit.record("reader.ended", actor=actor, obj=reader.user)
    reader.delete()


def _approved(object_id: str, actor: Actor) -> None:
    reader = WhereaboutsReader.objects.select_for_update().get(pk=object_id)
    if actor.user is not None and actor.user.pk == reader.user_id:
        raise DomainError(
            "own_naming",
            _("Nobody approves their own naming; ask a colleague to decide."),
        )
    reader.approved_at = timezone.now()
    reader.save(update_fields=["approved_at"])
    audit.record("reader.approved", actor=actor, obj=reader.user)


def _rejected(object_id: str, actor: Actor) -> None:
    WhereaboutsReader.objects.filter(pk=object_id).delete()


def _about(keys: Collection[str], user: object) -> dict[str, str]:
    """Return who is to be a reader."""
    found = WhereaboutsReader.objects.filter(pk__in=keys).select_related("user")
    return {str(each.pk): each.user.get_full_name() for each in found}


approvals.register_kind(
    approvals.ApprovalKind(
        code=READER,
        title=_("Naming a reader of protected addresses"),
        category=Category.PROTECTED,
        url=lambda _key: reverse("admin:register_whereaboutsreader_changelist"),
        on_approved=_approved,
        on_rejected=_rejected,
        about=_about,
    )
)
