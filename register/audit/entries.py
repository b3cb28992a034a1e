"""Entries of the audit trail: which actions there are, and writing them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.db import connection, models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from register.actors import Actor
from register.database.arrays import array
from register.models import AuditEntry

ACTIONS: dict[str, str | Promise] = {}
# Of an entry, besides its number and the time.
_COLUMNS = (
    "action",
    "actor_kind",
    "actor_id",
    "purpose",
    "request_id",
    "object_type",
    "object_id",
    "subject_id",
    "details",
)


def register_actions(actions: dict[str, str | Promise]) -> None:
    """Make action codes known: past tense, dotted. An unknown code is refused."""
    ACTIONS.update(actions)


register_actions(
    {
        "record.viewed": _("looked at a record"),
        "record.listed": _("looked at a list"),
        "record.added": _("added a record"),
        "record.changed": _("changed a record"),
        "record.deleted": _("deleted a record"),
        "register.searched": _("searched"),
        "job.ordered": _("ordered a job"),
        "approval.asked": _("asked for approval"),
        "approval.approved": _("approved"),
        "approval.rejected": _("rejected"),
        "approval.withdrawn": _("withdrew a request for approval"),
        "hold.placed": _("placed a hold"),
        "hold.released": _("released a hold"),
        "api_key.created": _("created an API key"),
        "api_key.revoked": _("revoked an API key"),
        "staff.logged_in": _("logged in"),
        "staff.logged_out": _("logged out"),
        "staff.log_in_failed": _("log-in failed"),
        "staff.unlocked": _("unlocked an account"),
        "staff.disabled": _("disabled an account"),
        "staff.enabled": _("enabled an account"),
        "staff.link_made": _("made a link to set a password"),
        "staff.rights_reviewed": _("reviewed the rights of an account"),
        "staff.sessions_ended": _("ended sessions"),
        "staff.second_factor_added": _("set up a second factor"),
        "staff.second_factor_removed": _("removed a second factor"),
        "staff.password_changed": _("changed a password"),
        "staff.role_granted": _("granted a role"),
        "staff.role_removed": _("removed a role"),
        "controller.changed": _("changed the controller"),
        "role.right_given": _("gave a role a right"),
        "role.right_taken": _("took a right from a role"),
        "purpose.chosen": _("chose a purpose of use"),
        "data_map.exported": _("exported the data map"),
    }
)


def record(
    action: str,
    *,
    actor: Actor,
    obj: models.Model | None = None,
    object_type: str = "",
    object_id: str | int | uuid.UUID = "",
    subject_id: uuid.UUID | None = None,
    **details: Any,
) -> AuditEntry:
    """Write one entry in the current transaction.

    ``subject_id`` is the person it concerns; it defaults to ``obj`` where that is
    a person's own record. ``details`` may hold only the keys the data map declares.
    Raises ``ValueError`` for an unregistered action.
    """
    return AuditEntry.objects.create(
        **entry_values(
            action,
            actor=actor,
            obj=obj,
            object_type=object_type,
            object_id=object_id,
            subject_id=subject_id,
            **details,
        )
    )


def record_for_each(
    subjects: Iterable[uuid.UUID | None],
    action: str,
    *,
    actor: Actor,
    obj: models.Model,
    **details: Any,
) -> None:
    """Write one entry for each person that ``obj`` concerns, or one that names nobody."""
    record_many(
        [
            entry_values(action, actor=actor, obj=obj, subject_id=subject, **details)
            for subject in list(subjects) or [None]
        ]
    )


def record_about(
    action: str,
    *,
    actor: Actor,
    object_type: str,
    subject_ids: Collection[uuid.UUID],
    **details: Any,
) -> None:
    """Write one entry for each of these people, whose own records it is about."""
    values = entry_values(action, actor=actor, object_type=object_type, **details)
    kept = [name for name in _COLUMNS if name not in ("object_id", "subject_id")]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO register_auditentry (at, object_id, subject_id, {', '.join(kept)})"  # noqa: S608
            f" SELECT %s, id::text, id, {', '.join(['%s'] * len(kept))}"
            " FROM unnest(%s::uuid[]) id",
            [
                timezone.now(),
                *(
                    json.dumps(values[name]) if name == "details" else values[name]
                    for name in kept
                ),
                array(subject_ids),
            ],
        )


def record_many(entries: list[dict[str, Any]]) -> None:
    """Write several entries (see :func:`entry_values`) with one statement."""
    if not entries:
        return
    at = timezone.now()
    # A tenth of the time of a bulk_create, whose statement is megabytes of text.
    with (
        connection.cursor() as cursor,
        cursor.copy(
            f"COPY register_auditentry (at, {', '.join(_COLUMNS)}) FROM STDIN"
        ) as copy,
    ):
        for entry in entries:
            values = {
                **entry,
                "actor_kind": str(entry["actor_kind"]),
                "details": json.dumps(entry["details"]),
            }
            copy.write_row((at, *(values[column] for column in _COLUMNS)))


def entry_values(
    action: str,
    *,
    actor: Actor,
    obj: models.Model | None = None,
    object_type: str = "",
    object_id: str | int | uuid.UUID = "",
    subject_id: uuid.UUID | None = None,
    **details: Any,
) -> dict[str, Any]:
    """Return the fields of an entry, checked; for :func:`record_many`."""
    if action not in ACTIONS:
        raise ValueError(f"The audit action {action!r} is not registered.")
    if obj is not None:
        object_type, object_id = obj._meta.label_lower, obj.pk
        if subject_id is None and object_type == "contacts.contact":
            subject_id = obj.pk
    return {
        "action": action,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "purpose": actor.purpose,
        "request_id": actor.request_id,
        "object_type": object_type,
        "object_id": str(object_id),
        "subject_id": subject_id,
        "details": details,
    }
