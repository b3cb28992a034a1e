"""The dry run and the import: the same decisions, once without and once with writing.

An import commits chunk by chunk. A chunk writes its people and marks its rows in one
transaction, so a worker that is killed at any moment leaves whole chunks; the next
attempt goes on with the rows that are not marked, and nobody is added twice.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import (
    alike,
    blockers,
    changes,
    matching,
    staging,
    writing,
)
from contacts.services.imports.companies import CompanyMatcher
from contacts.services.imports.matching import Matcher
from contacts.services.imports.merging import Change, Merge, merge
from contacts.services.imports.rights import may_import
from contacts.services.imports.rows import Person, RowReader, without_whereabouts
from contacts.services.imports.targets import TARGETS, columns_refused
from contacts.services.imports.trial import trial
from register import actors, audit
from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.models import Job, User
from register.services import jobs
from register.services.jobs import Progress

CHECK, RUN = "contacts.check_import", "contacts.run_import"
UNDO = "contacts.undo_import"
# About half a second, for which everybody waits who adds people, and 10 MB.
CHUNK = 1_000
PURPOSE = "customer_relationship"

Outcome = ImportRow.Outcome
State = ImportBatch.State

audit.register_actions(
    {
        "import.checked": _("tried an import without writing it"),
        "import.run": _("imported a file"),
    }
)

_MARK = """
    UPDATE contacts_importrow i SET
        outcome = r.outcome,
        errors = string_to_array(r.errors, ' '),
        contact_id = r.contact_id,
        is_written = r.is_written,
        marks = CASE WHEN r.is_written THEN i.marks ELSE string_to_array(r.marks, ' ') END,
        written_at = CASE WHEN r.is_written THEN %s END,
        cells = CASE WHEN r.is_written THEN '{}' ELSE i.cells END
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::uuid[], %s::bool[],
        %s::text[])
        AS r (id, outcome, errors, contact_id, is_written, marks)
    WHERE i.id = r.id
"""


class Staged(NamedTuple):
    """A row of the file as it was read: a model of each costs a tenth of an import."""

    pk: int
    row_number: int
    cells: list[str]
    is_removed: bool


@jobs.register_kind(CHECK, _("Trying an import"))
def check(object_id: str, progress: Progress) -> dict[str, int]:
    """Read the file, say of each row what an import would do, and write nothing else.

    Can be started again at any time: reading begins anew until the file is read to its
    end, and every row is always tried.
    """
    batch = ImportBatch.objects.get(pk=object_id)
    if batch.state == State.UPLOADED and not staging.stage(batch, progress):
        return {}
    changes.forget_planned(batch)
    flagged: Counter[str] = Counter()
    progress.start(batch.row_count)
    actor = actor_of(batch, progress)
    done = 0
    with trial() as tried:
        for rows in _chunks(batch):
            actor = actor_of(batch, progress)
            people = _people(batch, rows)
            blockers.consider(people, is_trial=True)
            matcher = Matcher(batch, actor=actor, trial=tried)
            companies = CompanyMatcher(trial=tried)
            matcher.load(people)
            merged = merge(people, batch=batch, matcher=matcher, companies=companies)
            alike.consider(merged.changes)
            companies.remember_for_later()
            tried.remember(_facts(merged.changes))
            with transaction.atomic():
                _mark(merged, is_written=False)
                changes.keep(batch, merged, companies, is_written=False)
                _blank_whereabouts(batch, merged.protected)
            for code, flags in merged.flagged.items():
                flagged[TARGETS[code].counted_as] += len(flags)
            done += len(rows)
            progress.advance(done)
    counts = {**counts_of(batch), **{f"rows_{name}": n for name, n in flagged.items()}}
    _end(batch, State.CHECKED, "import.checked", counts, actor)
    return counts


@jobs.register_kind(RUN, _("Importing people"))
def write(object_id: str, progress: Progress) -> dict[str, int]:
    """Import the rows that are not written yet. Started again, it goes on."""
    batch = ImportBatch.objects.get(pk=object_id)
    changes.forget_planned(batch)
    done = batch.rows.filter(is_written=True).count()
    progress.start(batch.row_count, done=done)
    actor = actor_of(batch, progress)
    for rows in _chunks(batch):
        actor = actor_of(batch, progress)
        _write_chunk(batch, rows, progress, actor)
        done += len(rows)
        progress.advance(done)
    counts = counts_of(batch)
    _end(batch, State.DONE, "import.run", counts, actor)
    return {**counts, "refusals": 0, **_applied(batch)}


@transaction.atomic
def _write_chunk(
    batch: ImportBatch, rows: list[Staged], progress: Progress, actor: Actor
) -> None:
    """Write some rows with all that follows from them, or nothing of it."""
    # Nobody may add the same person or business id meanwhile.
    advisory_lock(Lock.CONTACT_POINT)
    advisory_lock(Lock.BUSINESS_ID)
    people = _people(batch, rows)
    blockers.consider(people, is_trial=False)
    matcher, companies = Matcher(batch, actor=actor), CompanyMatcher()
    matcher.load(people)
    merged = merge(
        _not_erased(people),
        batch=batch,
        matcher=matcher,
        companies=companies,
        removed={row.pk for row in rows if row.is_removed},
    )
    applied = writing.write(merged, companies=companies, batch=batch, actor=actor)
    _mark(merged, is_written=True)
    _blank_whereabouts(batch, merged.protected)
    progress.count(applied)


def counts_of(batch: ImportBatch) -> dict[str, int]:
    """Return the number of rows of each outcome."""
    counted = batch.rows.values_list("outcome").annotate(rows=Count("pk"))
    return dict(counted.order_by("outcome"))


def _applied(batch: ImportBatch) -> Counter[str]:
    """Return what the targets of the apps above counted, in earlier attempts as well."""
    of_batch = Job.objects.filter(kind=RUN, object_id=str(batch.pk))
    applied: Counter[str] = Counter()
    for result in of_batch.values_list("result", flat=True):
        applied.update(result.get("counts", {}))
    return Counter(
        {name: n for name, n in applied.items() if name not in Outcome.values}
    )


def _chunks(batch: ImportBatch) -> Iterator[list[Staged]]:
    """Yield the rows that are not written, some at a time, in the order of the file."""
    last = 0
    while True:
        found = batch.rows.filter(is_written=False, row_number__gt=last)
        fields = found.order_by("row_number").values_list(*Staged._fields)
        rows = [Staged(*row) for row in fields[:CHUNK]]
        if not rows:
            return
        last = rows[-1].row_number
        yield rows


def _people(batch: ImportBatch, rows: list[Staged]) -> list[Person]:
    reader = RowReader(batch.targets)
    return [reader.read(row.pk, row.cells) for row in rows]


def _not_erased(people: list[Person]) -> list[Person]:
    """Leave out whose rows went meanwhile, with the person whom the dry run found in them.

    Whoever erases waits for those who are matched now.
    """
    rows = ImportRow.objects.select_for_update().filter(
        pk__in=[person.row_id for person in people]
    )
    there = set(rows.values_list("pk", flat=True))
    return [person for person in people if person.row_id in there]


def _facts(changes: Iterable[Change]) -> Iterator[tuple[uuid.UUID, str, str]]:
    """Yield what the rows would add, as the rows that follow are to find it."""
    for change in changes:
        for kind, value in change.facts:
            is_name = kind == matching.NAME
            yield change.contact.id, kind, change.contact.name if is_name else value


def _mark(merged: Merge, *, is_written: bool) -> None:
    """Write what became of the rows; a row that is written keeps no cells."""
    marks = [
        (
            change.person.row_id,
            str(change.outcome),
            " ".join(change.person.remarks),
            # Before the import only people who exist can be named.
            change.contact.id if is_written or change.contact.is_stored else None,
            is_written,
            " ".join(sorted(change.person.marks)),
        )
        for change in merged.changes
    ]
    marks += [
        (
            person.row_id,
            str(outcome),
            " ".join(person.remarks),
            # What was left out keeps no cells, so nobody needs to find it.
            None
            if is_written or contact is None or not contact.is_stored
            else contact.id,
            is_written,
            " ".join(sorted(person.marks)),
        )
        for person, outcome, contact in merged.left_out
    ]
    marks += [
        (person.row_id, str(Outcome.INVALID), " ".join(person.errors), None, False, "")
        for person in merged.invalid
    ]
    if not marks:
        return
    with connection.cursor() as cursor:
        columns = [list(column) for column in zip(*marks, strict=True)]
        cursor.execute(_MARK, [timezone.now(), *columns])


def _blank_whereabouts(batch: ImportBatch, row_ids: list[int]) -> None:
    """Empty the cells that tell where protected persons are, in rows kept for download."""
    if not row_ids:
        return
    rows = list(ImportRow.objects.filter(pk__in=row_ids))
    for row in rows:
        row.cells = without_whereabouts(row.cells, batch.targets)
    ImportRow.objects.bulk_update(rows, ["cells"])


@transaction.atomic
def _end(
    batch: ImportBatch, state: State, action: str, counts: dict[str, int], actor: Actor
) -> None:
    """Close the batch, once: a job may be killed between this and its own end."""
    is_done = state == State.DONE
    if is_done:
        staging.forget_original(batch)
    closed = (
        ImportBatch.objects.filter(pk=batch.pk)
        .exclude(state=state)
        .update(state=state, finished_at=timezone.now() if is_done else None)
    )
    if closed:
        audit.record(action, actor=actor, obj=batch, counts=counts)


def actor_of(batch: ImportBatch, progress: Progress) -> Actor:
    """Whoever ordered the job, with the rights of this moment.

    All entries of an import share the batch's number. Raises PermissionDenied for who
    may not import these columns any more: the job ends, and what is done stays done.
    """
    key = progress.job.created_by_id
    if key is None:
        return dataclasses.replace(actors.system(PURPOSE), request_id=batch.pk)
    user = User.objects.get(pk=key)
    if not may_import(user) or columns_refused(batch.targets, user):
        raise PermissionDenied
    return actors.of_user(user, request_id=batch.pk)
