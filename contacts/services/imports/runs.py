"""The dry run and the import: the same decisions, once without and once with writing.

An import commits chunk by chunk. A chunk writes its people and marks its rows in one
transaction, so a worker that is killed at any moment leaves whole chunks; the next
attempt goes on with the rows that are not marked, and nobody is added twice.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterable, Iterator

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import matching, writing
from contacts.services.imports.companies import CompanyMatcher
from contacts.services.imports.matching import Matcher
from contacts.services.imports.merging import Change, Merge, merge
from contacts.services.imports.rows import Person, RowReader
from register import actors, audit
from register.actors import Actor
from register.database.locks import Lock, advisory_lock
from register.services import jobs
from register.services.jobs import Progress

CHECK, RUN = "contacts.check_import", "contacts.run_import"
# About a third of a second and 20 MB.
CHUNK = 2_000
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
        cells = CASE WHEN r.is_written THEN '{}' ELSE i.cells END
    FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::uuid[], %s::bool[])
        AS r (id, outcome, errors, contact_id, is_written)
    WHERE i.id = r.id
"""


@jobs.register_kind(CHECK, _("Trying an import"))
def check(object_id: str, progress: Progress) -> dict[str, int]:
    """Say of each row what an import would do, and write nothing else.

    Can be started again at any time: it always tries every row.
    """
    batch = ImportBatch.objects.get(pk=object_id)
    progress.start(batch.row_count)
    companies, done = CompanyMatcher(), 0
    with matching.trial() as trial:
        for people in _chunks(batch):
            merged = merge(people, matcher=Matcher(trial=trial), companies=companies)
            companies.settle()
            trial.remember(list(_facts(merged.changes)))
            with transaction.atomic():
                _mark(merged, is_written=False)
            done += len(people)
            progress.advance(done)
    counts = counts_of(batch)
    _end(batch, State.CHECKED, "import.checked", counts, _actor(batch, progress))
    return counts


@jobs.register_kind(RUN, _("Importing people"))
def write(object_id: str, progress: Progress) -> dict[str, int]:
    """Import the rows that are not written yet. Started again, it goes on."""
    batch = ImportBatch.objects.get(pk=object_id)
    written = batch.rows.filter(is_written=True).count()
    progress.start(batch.row_count, done=written)
    actor = _actor(batch, progress)
    companies, prohibitions, done = CompanyMatcher(), 0, written
    for people in _chunks(batch):
        with transaction.atomic():
            # Nobody may add the same person meanwhile.
            advisory_lock(Lock.CONTACT_POINT)
            merged = merge(people, matcher=Matcher(), companies=companies)
            prohibitions += writing.write(
                merged, companies=companies, source_detail=batch.title, actor=actor
            )
            _mark(merged, is_written=True)
        companies.settle()
        done += len(people)
        progress.advance(done)
    counts = counts_of(batch)
    _end(batch, State.DONE, "import.run", counts, actor)
    return {**counts, "refusals": prohibitions}


def counts_of(batch: ImportBatch) -> dict[str, int]:
    """Return the number of rows of each outcome."""
    counted = batch.rows.values_list("outcome").annotate(rows=Count("pk"))
    return dict(counted.order_by("outcome"))


def _chunks(batch: ImportBatch) -> Iterator[list[Person]]:
    """Yield the rows that are not written, some at a time, in the order of the file."""
    reader, last = RowReader(batch.targets), 0
    while True:
        rows = list(
            batch.rows.filter(is_written=False, row_number__gt=last)
            .order_by("row_number")
            .values_list("pk", "row_number", "cells")[:CHUNK]
        )
        if not rows:
            return
        last = rows[-1][1]
        yield [reader.read(pk, cells) for pk, _number, cells in rows]


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
        )
        for change in merged.changes
    ]
    marks += [
        (person.row_id, str(Outcome.INVALID), " ".join(person.errors), None, False)
        for person in merged.invalid
    ]
    with connection.cursor() as cursor:
        cursor.execute(_MARK, [list(column) for column in zip(*marks, strict=True)])


@transaction.atomic
def _end(
    batch: ImportBatch, state: State, action: str, counts: dict[str, int], actor: Actor
) -> None:
    is_done = state == State.DONE
    ImportBatch.objects.filter(pk=batch.pk).update(
        state=state, finished_at=timezone.now() if is_done else None
    )
    audit.record(action, actor=actor, obj=batch, counts=counts)


def _actor(batch: ImportBatch, progress: Progress) -> Actor:
    """Whoever ordered the job. All entries of an import share the batch's number."""
    user = progress.job.created_by
    if user is None:
        return dataclasses.replace(actors.system(PURPOSE), request_id=batch.pk)
    return actors.of_user(user, request_id=batch.pk)
