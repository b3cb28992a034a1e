"""Four eyes: what one person asks for and another must approve."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register import access, audit
from register.actors import Actor
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Approval, User


@dataclasses.dataclass(frozen=True, slots=True)
class ApprovalKind:
    """What is decided, who may decide it, and what follows.

    ``url`` gives the page that shows what is to be decided, from ``object_id``.
    ``about`` says in a few words which of its kind each is, as far as a reader may know.
    """

    code: str
    title: str | Promise
    category: Category
    url: Callable[[str], str]
    on_approved: Callable[[str, Actor], None]
    on_rejected: Callable[[str, Actor], None]
    about: Callable[[Collection[str], object], Mapping[str, str]] = (
        lambda _keys, _user: {}
    )


KINDS: dict[str, ApprovalKind] = {}


def register_kind(kind: ApprovalKind) -> None:
    """Make a kind of decision known to the inbox."""
    KINDS[kind.code] = kind


def tell(found: Iterable[Approval], user: object) -> dict[uuid.UUID, str]:
    """Return in a few words what each decision is about, by key; "" where it is gone."""
    of_kind: dict[str, list[Approval]] = {}
    for approval in found:
        of_kind.setdefault(approval.kind, []).append(approval)
    told: dict[uuid.UUID, str] = {}
    for code, group in of_kind.items():
        kind = KINDS.get(code)
        words = kind.about({a.object_id for a in group}, user) if kind else {}
        told |= {a.pk: words.get(a.object_id, "") for a in group}
    return told


def waiting_for(user: User) -> QuerySet[Approval]:
    """Return what waits for a decision that a user may take: not what he asked himself."""
    decided = [
        code
        for code, kind in KINDS.items()
        if access.may(user, Action.APPROVE, kind.category)
    ]
    waiting = Approval.objects.filter(kind__in=decided, state=Approval.State.WAITING)
    return waiting.exclude(requested_by=user.pk)


@transaction.atomic
def ask(kind: str, *, object_id: str | uuid.UUID, actor: Actor) -> Approval:
    """Put a decision into the inbox of those who may take it."""
    if kind not in KINDS:
        raise ValueError(f"The kind of approval {kind!r} is not registered.")
    approval = Approval.objects.create(
        kind=kind, object_id=str(object_id), requested_by=actor.user
    )
    audit.record("approval.asked", actor=actor, obj=approval, kind=kind)
    return approval


@transaction.atomic
def decide(approval: Approval, *, approve: bool, actor: Actor) -> Approval:
    """Approve or reject, and do what follows, in one transaction.

    Refuses whoever asked, whoever may not approve this kind, and what is decided.
    """
    approval = Approval.objects.select_for_update().get(pk=approval.pk)
    kind = KINDS[approval.kind]
    if approval.state != Approval.State.WAITING:
        raise DomainError("already_decided", _("This has been decided already."))
    access.require(actor.user, Action.APPROVE, kind.category)
    if actor.user is not None and approval.requested_by_id == actor.user.pk:
        raise DomainError(
            "four_eyes",
            _("Whoever asked cannot decide; ask a colleague to open the approvals."),
        )
    approval.state = Approval.State.APPROVED if approve else Approval.State.REJECTED
    approval.decided_by, approval.decided_at = actor.user, timezone.now()
    approval.full_clean()
    approval.save()
    action = "approval.approved" if approve else "approval.rejected"
    audit.record(action, actor=actor, obj=approval, kind=approval.kind)
    follow = kind.on_approved if approve else kind.on_rejected
    follow(approval.object_id, actor)
    return approval


@transaction.atomic
def withdraw(kind: str, *, object_id: str | uuid.UUID, actor: Actor) -> None:
    """Take a waiting decision back, because what it was about has changed."""
    for approval in Approval.objects.select_for_update().filter(
        kind=kind, object_id=str(object_id), state=Approval.State.WAITING
    ):
        approval.state = Approval.State.WITHDRAWN
        approval.save(update_fields=["state"])
        audit.record("approval.withdrawn", actor=actor, obj=approval, kind=kind)
