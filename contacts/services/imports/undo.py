"""Undoing an import: what it added goes, what it changed is as before.

Must never be false: nothing that anybody did since is lost, and no permission rises.
So people whom the file added go only if nobody has touched them since; a value goes
back only if it is still the one of the file; and refusals, like marks that mail came
back, stay, whatever file they came from. What stays says why.

Started again after a kill, it goes on: each chunk is undone and noted in one
transaction.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    Company,
    Contact,
    ImportBatch,
    ImportChange,
    ImportRow,
)
from contacts.services import search_words
from contacts.services.imports import batches, runs, touched, undo_changes
from contacts.services.imports.rights import is_limited
from register import access, audit
from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.database.visibility import reaching_everybody
from register.datamap.removal import delete_rows
from register.datamap.vocabulary import Action
from register.errors import DomainError
from register.models import Job, User
from register.services import holds, jobs
from register.services.jobs import Progress

UNDO = runs.UNDO
# As long as the rows and the changes are kept.
POSSIBLE = timedelta(days=30)
CHUNK = 500

State, Undone = ImportBatch.State, ImportChange.Undone

audit.register_actions(
    {
        "import.undo_asked": _("asked for an import to be undone"),
        "import.undone": _("undid an import"),
        "contact.import_undone": _("took back what an imported file had added"),
    }
)

_ADDED = """
    SELECT r.contact_id, max(r.written_at) FROM contacts_importrow r
    WHERE r.batch_id = %(batch)s AND r.is_written AND r.contact_id IN (
        SELECT contact_id FROM contacts_importrow
        WHERE batch_id = %(batch)s AND outcome = 'new' AND is_written
        AND contact_id > %(after)s AND kept_because = '')
    GROUP BY 1 ORDER BY 1 LIMIT %(limit)s
"""
_LOCK = "SELECT id, created_at, updated_at FROM contacts_contact WHERE id = ANY(%s) ORDER BY id FOR UPDATE"
_KEEP = """
    UPDATE contacts_importrow i SET kept_because = r.why
    FROM unnest(%s::uuid[], %s::text[]) AS r (id, why)
    WHERE i.batch_id = %s AND i.contact_id = r.id AND i.outcome = 'new'
"""


def possible_until(batch: ImportBatch) -> datetime:
    """Return until when an import can be undone."""
    return batch.created_at + POSSIBLE


def can_be_undone(batch: ImportBatch) -> bool:
    """Whether an import is done and still can be undone."""
    is_run = batch.state in (State.DONE, State.UNDOING)
    return is_run and timezone.now() < possible_until(batch)


@transaction.atomic
def order(batch: ImportBatch, *, actor: Actor) -> Job:
    """Order an import to be undone, or go on with what broke off.

    Raises DomainError if it was not run, is being worked on, or is too old.
    """
    batch = batches.locked(batch, State.DONE, State.UNDOING)
    if not can_be_undone(batch):
        raise DomainError(
            "too_late",
            _("What is needed to undo this import has been deleted meanwhile."),
        )
    if _is_beyond(batch, actor.user):
        raise DomainError(
            "beyond_reach",
            _(
                "Somebody in this import is looked after by others. Ask a colleague who is responsible for all customers to undo it."
            ),
        )
    batch.state = State.UNDOING
    batch.save(update_fields=["state"])
    audit.record("import.undo_asked", actor=actor, obj=batch)
    return jobs.order(UNDO, object_id=batch.pk, actor=actor)


@jobs.register_kind(UNDO, _("Undoing an import"))
def undo(object_id: str, progress: Progress) -> dict[str, int]:
    """Take back what an import wrote. Started again, it goes on."""
    batch = ImportBatch.objects.get(pk=object_id)
    actor = _undoing(batch, progress)
    progress.start(batch.row_count)
    done, after = 0, uuid.UUID(int=0)
    while True:
        actor = _undoing(batch, progress)
        last, removed = _undo_people(batch, after, actor, progress)
        if last is None:
            break
        after, done = last, done + removed
        progress.advance(min(done, batch.row_count))
    while _undo_changes(batch, actor, progress):
        pass
    _undo_companies(batch, progress)
    return _end(batch, actor)


def _undoing(batch: ImportBatch, progress: Progress) -> Actor:
    actor = runs.actor_of(batch, progress)
    if _is_beyond(batch, actor.user):
        raise PermissionDenied
    return actor


def _is_beyond(batch: ImportBatch, user: User | None) -> bool:
    """Whether an import changed somebody who is out of the reach of a user by now."""
    if user is None or not is_limited(user, Contact):
        return False
    reached = access.visible_to(user, Contact.objects.all(), Action.CHANGE).order_by()
    with reaching_everybody():
        return (
            ImportRow.objects.filter(
                batch=batch, is_written=True, contact__isnull=False
            )
            .exclude(contact__in=reached.values("pk"))
            .exists()
        )


@transaction.atomic
def _undo_people(
    batch: ImportBatch, after: uuid.UUID, actor: Actor, progress: Progress
) -> tuple[uuid.UUID | None, int]:
    """Remove some of those the file added; return the last looked at, and how many went."""
    holds.keep_new_waiting()
    advisory_lock(Lock.CONTACT_POINT)
    with connection.cursor() as cursor:
        cursor.execute(_ADDED, {"batch": batch.pk, "after": after, "limit": CHUNK})
        written: dict[uuid.UUID, datetime] = dict(cursor.fetchall())
        if not written:
            return None, 0
        cursor.execute(_LOCK, [list(written)])
        there = cursor.fetchall()
    kept = touched.since(batch, there, written)
    going = [pk for pk, _created, _updated in there if pk not in kept]
    if kept:
        with connection.cursor() as cursor:
            cursor.execute(_KEEP, [list(kept), list(kept.values()), batch.pk])
    audit.record_about(
        "contact.import_undone",
        actor=actor,
        object_type=Contact._meta.label_lower,
        subject_ids=going,
    )
    delete_rows(Contact, going)
    progress.count({"removed": len(going), "kept": len(kept)})
    return max(written), len(going)


@transaction.atomic
def _undo_changes(batch: ImportBatch, actor: Actor, progress: Progress) -> bool:
    """Take back some of what the file changed in people who stay."""
    advisory_lock(Lock.CONTACT_POINT)
    # The newest first: what was built upon comes down after what was built on it.
    changes = list(
        batch.changes.filter(is_written=True, undone="", contact__isnull=False)
        .order_by("contact_id", "-id")
        .select_for_update(of=("self",))[:CHUNK]
    )
    if not changes:
        return False
    people = {change.contact_id for change in changes if change.contact_id is not None}
    list(
        Contact.objects.select_for_update(no_key=True)
        .filter(pk__in=people)
        .order_by("pk")
        .values_list("pk")
    )
    back: set[uuid.UUID] = set()
    moved = touched.moved_by_merges(changes)
    for change in changes:
        # What the file changed in a record that went into another is not in this one.
        is_there = change.pk not in moved
        change.undone = (
            undo_changes.take_back(change) if is_there else str(Undone.CHANGED)
        )
        if change.undone == Undone.DONE and change.contact_id is not None:
            back.add(change.contact_id)
    ImportChange.objects.bulk_update(changes, ["undone"])
    Contact.objects.filter(pk__in=back).update(updated_at=timezone.now())
    search_words.refresh(people)
    audit.record_about(
        "contact.import_undone",
        actor=actor,
        object_type=Contact._meta.label_lower,
        subject_ids=back,
    )
    done = sum(change.undone == Undone.DONE for change in changes)
    progress.count({"taken_back": done, "left": len(changes) - done})
    return True


@transaction.atomic
def _undo_companies(batch: ImportBatch, progress: Progress) -> None:
    """Remove the companies that the file made and that nobody has used since."""
    holds.keep_new_waiting()
    advisory_lock(Lock.BUSINESS_ID)
    changes = list(
        batch.changes.filter(is_written=True, undone="", contact__isnull=True)
        .order_by("-id")
        .select_for_update()
    )
    made = {
        uuid.UUID(change.record): change
        for change in changes
        if change.field == ImportChange.Field.COMPANY
    }
    numbered = [change for change in changes if change not in made.values()]
    for change in numbered:
        change.undone = undo_changes.take_number_back(change)
    there = dict(
        Company.objects.select_for_update()
        .filter(pk__in=made)
        .values_list("pk", "updated_at")
    )
    keys = list(there)
    used = touched.companies_used(keys)
    changed = set(
        Company.objects.filter(pk__in=keys)
        .exclude(updated_at__lte=batch.finished_at or timezone.now())
        .values_list("pk", flat=True)
    )
    for pk, change in made.items():
        change.undone = (
            Undone.GONE
            if pk not in there
            else Undone.USED
            if pk in used
            else Undone.CHANGED
            if pk in changed
            else Undone.DONE
        )
    ImportChange.objects.bulk_update(changes, ["undone"], batch_size=1_000)
    going = [pk for pk, change in made.items() if change.undone == Undone.DONE]
    delete_rows(Company, going)
    progress.count(
        {"companies_removed": len(going), "companies_kept": len(made) - len(going)}
    )


@transaction.atomic
def _end(batch: ImportBatch, actor: Actor) -> dict[str, int]:
    counts = counts_of(batch)
    closed = (
        ImportBatch.objects.filter(pk=batch.pk)
        .exclude(state=State.UNDONE)
        .update(state=State.UNDONE, undone_at=timezone.now())
    )
    if closed:
        audit.record("import.undone", actor=actor, obj=batch, counts=counts)
    return counts


def counts_of(batch: ImportBatch) -> dict[str, int]:
    """Return what all attempts have taken back and left."""
    counts: dict[str, int] = {}
    found = Job.objects.filter(kind=UNDO, object_id=str(batch.pk))
    for result in found.values_list("result", flat=True):
        for name, number in result.get("counts", {}).items():
            counts[name] = counts.get(name, 0) + number
    return counts


def what_stays(batch: ImportBatch) -> tuple[Any, Any]:
    """Return the rows and the changes that were not undone, with why."""
    rows = ImportRow.objects.filter(batch=batch).exclude(kept_because="")
    changes = batch.changes.filter(is_written=True).exclude(undone__in=["", "done"])
    return rows.order_by("row_number"), changes.order_by("id")
