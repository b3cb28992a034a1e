"""Ordering merges and their undoing; a worker carries them out."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from contacts.models import CompanyMerge, ContactMerge, Merge
from contacts.services.merging import carry_out, fields, undo
from contacts.services.merging.kinds import (
    KINDS,
    Kind,
    may_merge,
    objection_in_words,
    objection_to,
    objection_to_undoing,
)
from register import access, actors
from register.actors import Actor
from register.datamap.vocabulary import Action
from register.errors import Conflict, DomainError
from register.models import Job, User
from register.services import jobs

MERGE, UNDO = "contacts.merge", "contacts.undo_merge"
_UNDER_WAY = [Merge.State.ORDERED, Merge.State.UNDOING]
_MODELS: tuple[type[Merge], ...] = (ContactMerge, CompanyMerge)

# Why a merge was not carried out, or not undone, by its code.
REFUSALS = {
    "record_gone": _("One of the records does not exist any more."),
    "merged_further": _(
        "The record went into another one meanwhile. Undo that merge first."
    ),
    "no_right": _("Who ordered this may not do it any more."),
    "too_long_ago": _("It is too long ago: what the record held is not kept any more."),
}


@transaction.atomic
def order(
    *,
    kept: Any,
    gone: Any,
    taken: Collection[str] = (),
    seen: str = "",
    actor: Actor,
) -> tuple[Merge, Job]:
    """Order that ``gone`` goes into ``kept``.

    ``taken`` names the fields in which the record that goes is right; what only it
    says is taken anyway. ``seen`` is the fingerprint of what was compared. Raises
    DomainError where that is no choice, where one of the two was changed since or is
    being merged, or where an app above objects.
    """
    kind = KINDS[type(kept)]
    if kept.pk == gone.pk:
        raise DomainError("merge_itself", _("Choose two different records."))
    known = {
        choice.name for choice in fields.choices(kept, gone) if not choice.is_settled
    }
    if set(taken) - known:
        raise DomainError("merge_field", _("This field cannot be chosen."))
    # Ordered twice at once, the second waits here and then sees the first.
    rows = kind.model._base_manager.select_for_update(no_key=True)
    there = list(rows.filter(pk__in=[kept.pk, gone.pk]).order_by("pk"))
    if len(there) < 2:
        raise Conflict("record_gone", REFUSALS["record_gone"])
    if _under_way(kind, [kept.pk, gone.pk]):
        raise Conflict(
            "merge_under_way", _("One of the records is being merged already.")
        )
    if seen and seen != fields.fingerprint(there):
        raise Conflict(
            "merge_stale",
            _(
                "One of the records was changed meanwhile. Look at both again before you merge."
            ),
        )
    if (objection := objection_to(kind, kept.pk, gone.pk)) is not None:
        raise objection
    model: Any = kind.merge
    merge = model._base_manager.create(
        kept=kept,
        kept_then=kept.pk,
        gone_id=gone.pk,
        taken=sorted(set(taken)),
        ordered_by=actor.user,
    )
    return merge, _order_job(MERGE, merge, actor)


@transaction.atomic
def order_undo(merge: Merge, *, actor: Actor) -> tuple[Merge, Job]:
    """Order that a merge is undone. Raises Conflict if it is not there to be undone."""
    model = type(merge)
    locked = model._base_manager.select_for_update().filter(pk=merge.pk).first()
    if locked is None or locked.state != Merge.State.DONE:
        raise Conflict(
            "merge_not_done", _("This merge is undone already, or not carried out.")
        )
    found: Any = locked
    kind = KINDS[model.of()]
    if objection := objection_to_undoing(kind, found.kept_id, locked.gone_id):
        raise objection
    locked.state, locked.refusal = Merge.State.UNDOING, ""
    locked.save(update_fields=["state", "refusal"])
    return locked, _order_job(UNDO, locked, actor)


def why_not(merge: Merge) -> Any:
    """Return in a sentence why a merge was not carried out or not undone, or ""."""
    return REFUSALS.get(merge.refusal) or objection_in_words(merge.refusal)


def merge_of_job(job: Job) -> Merge | None:
    """Return what a job merges or undoes."""
    try:
        key = uuid.UUID(job.object_id)
    except ValueError:
        return None
    found = (model._base_manager.filter(pk=key).first() for model in _MODELS)
    return next((merge for merge in found if merge is not None), None)


@jobs.register_kind(MERGE, _("Merge two records"))
def run_merge(object_id: str, progress: jobs.Progress) -> dict[str, int]:
    """Carry out a merge, if who ordered it may still do so."""
    merge, actor = _of(object_id, progress)
    if merge is None:
        return {}
    if not _may_still(merge, actor):
        return _refused(merge, Merge.State.ORDERED, Merge.State.REFUSED)
    done = carry_out.carry_out(merge, actor=actor)
    return {"merged": int(done.state == Merge.State.DONE)}


@jobs.register_kind(UNDO, _("Undo a merge"))
def run_undo(object_id: str, progress: jobs.Progress) -> dict[str, int]:
    """Undo a merge, if who ordered that may still do so."""
    merge, actor = _of(object_id, progress)
    if merge is None:
        return {}
    if not _may_still(merge, actor):
        return _refused(merge, Merge.State.UNDOING, Merge.State.DONE)
    done = undo.carry_out(merge, actor=actor)
    return {"undone": int(done.state == Merge.State.UNDONE)}


def _of(object_id: str, progress: jobs.Progress) -> tuple[Merge | None, Actor]:
    key = progress.job.created_by_id
    user = User.objects.filter(pk=key).first() if key else None
    actor = actors.of_user(user) if user else actors.system("customer_relationship")
    progress.start(1)
    return merge_of_job(progress.job), actor


def _may_still(merge: Merge, actor: Actor) -> bool:
    """Whether the rights of this moment reach both records, or the one there is."""
    if actor.user is None:
        return True
    model = KINDS[type(merge).of()].model
    there = model._base_manager.filter(pk__in=[merge.kept_then, merge.gone_id])
    reached = access.visible_to(actor.user, there, Action.CHANGE)
    return may_merge(actor.user, model) and reached.count() == there.count()


def _refused(merge: Merge, was: str, state: str) -> dict[str, int]:
    found = type(merge)._base_manager.filter(pk=merge.pk, state=was)
    found.update(state=state, refusal="no_right")
    return {}


def _under_way(kind: Kind, keys: list[uuid.UUID]) -> bool:
    merges = kind.merge._base_manager.filter(state__in=_UNDER_WAY)
    return merges.filter(Q(gone_id__in=keys) | Q(kept_then__in=keys)).exists()


def _order_job(code: str, merge: Merge, actor: Actor) -> Job:
    return jobs.order(code, object_id=merge.pk, actor=actor)
