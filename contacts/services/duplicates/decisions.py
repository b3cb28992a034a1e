"""What people say about two records that are alike."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Pair
from register import audit
from register.actors import Actor
from register.errors import Conflict

audit.register_actions(
    {
        "duplicates.different": _("said that two records are not of the same"),
        "duplicates.reopened": _("took back that two records are not of the same"),
    }
)


@transaction.atomic
def mark_different(pair: Pair, *, actor: Actor) -> Pair:
    """Remember that the two are not the same; they are not asked about again.

    Raises Conflict if somebody decided meanwhile.
    """
    return _decide(pair, Pair.State.DIFFERENT, "duplicates.different", actor=actor)


@transaction.atomic
def reopen(pair: Pair, *, actor: Actor) -> Pair:
    """Put the two back among those to be looked at. Raises Conflict if they are."""
    return _decide(pair, Pair.State.OPEN, "duplicates.reopened", actor=actor)


def _decide(pair: Pair, state: Pair.State, action: str, *, actor: Actor) -> Pair:
    model = type(pair)
    locked = model._default_manager.select_for_update().filter(pk=pair.pk).first()
    if locked is None or locked.state == state:
        raise Conflict(
            "duplicates_decided", _("Somebody decided about these two meanwhile.")
        )
    is_open = state == Pair.State.OPEN
    locked.state = state
    locked.decided_by = None if is_open else actor.user
    locked.decided_at = None if is_open else timezone.now()
    locked.save(update_fields=["state", "decided_by", "decided_at"])
    for side in ("first_id", "second_id"):
        key = getattr(locked, side)
        label = model.of()._meta.label_lower
        audit.record(
            action,
            actor=actor,
            object_type=label,
            object_id=key,
            subject_id=key if label == "contacts.contact" else None,
        )
    return locked
