"""Carrying out a change of many, and taking it back, in the background.

It acts as who asked for it. Rights are read anew for every chunk: whoever lost one
meanwhile changes nobody more, and a row out of reach is left out and only counted. A row
is changed and noted in one transaction, so a killed worker loses and doubles nothing.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import BulkChange
from contacts.models.bulk import BulkRow
from contacts.services.bulk import ordering
from contacts.services.bulk.kinds import BulkKind, Change
from contacts.services.bulk.ordering import MODELS, RUN, UNDO, State, Stop, rows_of
from register import access, actors, audit
from register.actors import Actor
from register.database.locks import Lock, advisory_locks
from register.database.visibility import as_the_web
from register.errors import DomainError
from register.history.acting import acting
from register.models import User
from register.services import jobs
from register.services.jobs import Progress

# Some 5 ms a row: a chunk holds its locks for half a second.
CHUNK = 100
Outcome, Undone = BulkRow.Outcome, BulkRow.Undone


class _NoRight(Exception):
    """Who asked may not do it any more."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Work:
    """One change, read anew for a chunk, with who does it."""

    change: BulkChange
    what: BulkKind
    actor: Actor
    user: User

    def rows(self, keys: list[uuid.UUID]) -> dict[uuid.UUID, Any]:
        """Return those rows that are there and in reach, locked in the order of keys."""
        model = MODELS[self.change.of]
        with as_the_web(), access.reading_as(self.user):
            found = ordering.reached_by(
                self.user, model.objects.filter(pk__in=keys), self.what
            )
            reached = list(found.order_by().values_list("pk", flat=True))
        locked = model.objects.select_for_update(no_key=True, of=("self",))
        return {row.pk: row for row in locked.filter(pk__in=reached).order_by("pk")}


def _work(change_id: str, progress: Progress, *states: str) -> _Work | None:
    """Read what is to be done, locked; None where it is over."""
    change = BulkChange.objects.select_for_update().get(pk=change_id)
    if change.state not in states:
        return None
    what = ordering.kind(change)
    key = progress.job.created_by_id
    user = User.objects.filter(pk=key).first() if key else None
    if user is None or what is None or not what.is_for(user):
        raise _NoRight
    actor = actors.of_user(user, purpose=change.purpose, request_id=progress.job.pk)
    return _Work(change, what, actor, user)


@jobs.register_kind(RUN, _("Changing many at once"))
def carry_out(object_id: str, progress: Progress) -> dict[str, int]:
    """Change what was fixed. Started again, it goes on with what is not noted."""
    change = BulkChange.objects.get(pk=object_id)
    waiting = rows_of(change).filter(outcome="").count()
    done = change.chosen_count - waiting
    progress.start(change.chosen_count, done=max(done, 0))
    try:
        while count := _chunk(object_id, progress, _change_some, State.RUNNING):
            done += count
            progress.advance(done)
    except _NoRight:
        _stopped(object_id)
    return _end(object_id, progress)


@jobs.register_kind(UNDO, _("Undoing a change of many"))
def undo(object_id: str, progress: Progress) -> dict[str, int]:
    """Take back what nobody changed since. Started again, it goes on."""
    change = BulkChange.objects.get(pk=object_id)
    waiting = rows_of(change).filter(outcome=Outcome.CHANGED, undone="").count()
    done = change.changed_count - waiting
    progress.start(change.changed_count, done=max(done, 0))
    try:
        while count := _chunk(object_id, progress, _undo_some, State.UNDOING):
            done += count
            progress.advance(done)
    except _NoRight:
        BulkChange.objects.filter(pk=object_id, state=State.UNDOING).update(
            state=State.DONE
        )
        return {}
    return _end_of_undo(object_id, progress)


@transaction.atomic
def _chunk(
    object_id: str,
    progress: Progress,
    do: Callable[[_Work], int],
    state: str,
) -> int:
    # Before the people, as imports and forms do.
    advisory_locks(Lock.CONTACT_POINT, ())
    work = _work(object_id, progress, state)
    if work is None:
        return 0
    with acting(work.actor):
        return do(work)


def _change_some(work: _Work) -> int:
    name = f"{work.change.of}_id"
    items = list(rows_of(work.change).filter(outcome="").order_by("pk")[:CHUNK])
    rows = work.rows([getattr(item, name) for item in items])
    for item in items:
        row = rows.get(getattr(item, name))
        item.outcome, made = _changed(work, row)
        item.old, item.made = made.old[:400], made.made
    _note(work, items, "outcome", "old", "made")
    counts = {
        f"{outcome}_count": F(f"{outcome}_count")
        + sum(item.outcome == outcome for item in items)
        for outcome in Outcome.values
    }
    BulkChange.objects.filter(pk=work.change.pk).update(**counts)
    return len(items)


def _changed(work: _Work, row: Any) -> tuple[str, Change]:
    if row is None:
        return Outcome.REFUSED, Change()
    try:
        with transaction.atomic():
            made = work.what.apply(row, work.change.terms, work.actor)
    except DomainError:
        return Outcome.REFUSED, Change()
    return (Outcome.UNCHANGED, Change()) if made is None else (Outcome.CHANGED, made)


def _undo_some(work: _Work) -> int:
    name = f"{work.change.of}_id"
    waiting = rows_of(work.change).filter(outcome=Outcome.CHANGED, undone="")
    items = list(waiting.order_by("pk")[:CHUNK])
    rows = work.rows([getattr(item, name) for item in items])
    for item in items:
        row = rows.get(getattr(item, name))
        item.undone = Undone.DONE if _taken_back(work, row, item) else Undone.KEPT
    _note(work, items, "undone")
    done = sum(item.undone == Undone.DONE for item in items)
    BulkChange.objects.filter(pk=work.change.pk).update(
        undone_count=F("undone_count") + done,
        kept_count=F("kept_count") + len(items) - done,
    )
    return len(items)


def _taken_back(work: _Work, row: Any, item: BulkRow) -> bool:
    if row is None:
        return False
    was = Change(item.old, item.made)
    try:
        with transaction.atomic():
            return work.what.undo(row, was, work.change.terms, work.actor)
    except DomainError:
        return False


def _note(work: _Work, items: list[Any], *fields: str) -> None:
    ordering.ROWS[work.change.of].objects.bulk_update(items, fields)


@transaction.atomic
def _stopped(object_id: str) -> None:
    change = BulkChange.objects.select_for_update().get(pk=object_id)
    if change.state == State.RUNNING:
        ordering.stop(change, Stop.NO_RIGHT, actor=actors.system("accountability"))


@transaction.atomic
def _end(object_id: str, progress: Progress) -> dict[str, int]:
    change = BulkChange.objects.select_for_update().get(pk=object_id)
    if change.state == State.RUNNING:
        change.state, change.finished_at = State.DONE, timezone.now()
        change.terms = ordering.without_text(change)
        change.save(update_fields=["state", "finished_at", "terms"])
        _record("bulk.run", change, progress, change.changed_count)
    return {
        "changed": change.changed_count,
        "unchanged": change.unchanged_count,
        "refused": change.refused_count,
    }


@transaction.atomic
def _end_of_undo(object_id: str, progress: Progress) -> dict[str, int]:
    change = BulkChange.objects.select_for_update().get(pk=object_id)
    if change.state == State.UNDOING:
        change.state, change.undone_at = State.UNDONE, timezone.now()
        change.save(update_fields=["state", "undone_at"])
        _record("bulk.undone", change, progress, change.undone_count)
    return {"taken_back": change.undone_count, "left": change.kept_count}


def _record(action: str, change: BulkChange, progress: Progress, count: int) -> None:
    user = progress.job.created_by
    actor = (
        actors.of_user(user, purpose=change.purpose, request_id=progress.job.pk)
        if user
        else actors.system("accountability")
    )
    audit.record(action, actor=actor, obj=change, count=count, kind=change.kind)
