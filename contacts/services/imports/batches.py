"""What staff do with an import: send a file, choose its columns, try it, run it."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportFile, ImportRow
from contacts.models.import_terms import TERMS
from contacts.models.imports import import_file_path
from contacts.services.imports import memory, runs, staging
from contacts.services.imports.layouts import Layout
from contacts.services.imports.rights import may_import as may_import
from contacts.services.imports.targets import TARGETS, columns_refused
from register import audit
from register.actors import Actor
from register.datamap.removal import delete_rows
from register.errors import DomainError
from register.files import ReceivedFile
from register.identifiers import find_personal_identity_codes
from register.models import Job
from register.services import jobs

State = ImportBatch.State
KINDS = (runs.CHECK, runs.RUN, runs.UNDO)

audit.register_actions(
    {
        "import.uploaded": _("sent a file to be imported"),
        "import.columns_chosen": _("chose the columns of an import"),
        "import.started": _("started an import"),
        "import.discarded": _("discarded an import before it was run"),
        "import.bad_rows_downloaded": _("downloaded the rows of an import with errors"),
    }
)


def path_of_new_file() -> str:
    """Return a random name: the file's own may name a person."""
    return import_file_path()


@transaction.atomic
def upload(
    file: ReceivedFile,
    *,
    title: str,
    layout: Layout,
    targets: Sequence[str],
    actor: Actor,
    terms: Mapping[str, Any] | None = None,
) -> ImportBatch:
    """Take a received file with what was guessed of it.

    The title becomes the source of every record the file brings. Raises DomainError if
    it holds a personal identity code.
    """
    title = " ".join(title.split())
    if find_personal_identity_codes(title):
        raise DomainError(
            "personal_identity_code",
            _("The title holds a personal identity code. Write another title."),
        )
    batch = ImportBatch(title=title, sha256=file.sha256, created_by=actor.user)
    _set_layout(batch, layout, targets)
    set_terms(batch, terms or {})
    batch.full_clean()
    batch.save(force_insert=True)
    ImportFile.objects.create(batch=batch, file=file.path, received_at=batch.created_at)
    file.keep()
    audit.record("import.uploaded", actor=actor, obj=batch, sha256=file.sha256)
    return batch


@transaction.atomic
def try_out(
    batch: ImportBatch,
    *,
    targets: Sequence[str],
    actor: Actor,
    layout: Layout | None = None,
    terms: Mapping[str, Any] | None = None,
) -> Job:
    """Set how the file is read and what its columns mean, and order a dry run.

    What was chosen is remembered for the next file of these columns. Raises DomainError
    if the columns make no sense together, if the batch is being worked on or imported
    already, and if the file is to be read in another way and is no more.
    """
    batch = locked(batch, State.UPLOADED, State.STAGED, State.CHECKED)
    chosen = layout or staging.layout_of(batch)
    set_terms(batch, terms or {})
    check_targets(targets, columns=chosen.width, batch=batch)
    check_rights(targets, actor)
    is_read = batch.state != State.UPLOADED and is_read_alike(batch, chosen)
    if not is_read and not staging.originals_of(batch).exists():
        raise _file_gone()
    if not is_read:
        _set_layout(batch, chosen, targets)
    batch.targets = list(targets)
    batch.state = State.STAGED if is_read else State.UPLOADED
    batch.full_clean()
    batch.save(update_fields=[*_LAYOUT, *TERMS, *_OF_BATCH, "targets", "state"])
    memory.remember(batch.header, batch.targets)
    audit.record("import.columns_chosen", actor=actor, obj=batch)
    return jobs.order(runs.CHECK, object_id=batch.pk, actor=actor)


_LAYOUT = (
    *("kind", "encoding", "delimiter", "sheet", "header_row", "header", "row_count"),
)


def is_read_alike(batch: ImportBatch, layout: Layout) -> bool:
    """Whether reading the file in this way gives the rows that are stored."""
    return staging.layout_of(batch) == dataclasses.replace(
        layout, row_count=batch.row_count
    )


def _set_layout(batch: ImportBatch, layout: Layout, targets: Sequence[str]) -> None:
    for name in _LAYOUT:
        setattr(batch, name, getattr(layout, name))
    batch.header, batch.targets = list(layout.header), list(targets)


def _file_gone() -> DomainError:
    return DomainError(
        "file_gone",
        _("The file has been deleted meanwhile. Send it again to read it differently."),
    )


@transaction.atomic
def start(batch: ImportBatch, *, actor: Actor) -> Job:
    """Order the import of a batch that was tried, or go on with one that broke off.

    Raises DomainError if it was not tried, is being worked on or is imported already,
    and if its rows have reached the end of their period.
    """
    batch = locked(batch, State.CHECKED, State.RUNNING)
    require_basis(batch)
    check_rights(batch.targets, actor)
    if not batch.rows.exists():
        raise DomainError(
            "rows_gone",
            _(
                "The rows of this file have been deleted meanwhile. Send the file again."
            ),
        )
    batch.state = State.RUNNING
    batch.save(update_fields=["state"])
    audit.record("import.started", actor=actor, obj=batch)
    return jobs.order(runs.RUN, object_id=batch.pk, actor=actor)


@transaction.atomic
def discard(batch: ImportBatch, *, actor: Actor) -> None:
    """Delete a batch of which nothing was imported, with its rows and its file.

    Raises DomainError once the import has begun, and if its rows have reached the end
    of their period: retention deletes those, and the batch stays as their record.
    """
    batch = locked(batch, State.UPLOADED, State.STAGED, State.CHECKED, State.FAILED)
    is_read = batch.state in (State.STAGED, State.CHECKED)
    if is_read and not batch.rows.exists():
        raise DomainError(
            "rows_gone",
            _(
                "The rows of this file are at the end of their period and are deleted without you."
            ),
        )
    audit.record("import.discarded", actor=actor, obj=batch, count=batch.row_count)
    delete_rows(ImportBatch, [batch.pk])


def set_terms(batch: ImportBatch, terms: Mapping[str, Any]) -> None:
    """Set on what terms a file is brought in. Raises ValueError for what is no term."""
    if unknown := terms.keys() - {*TERMS, *_OF_BATCH}:
        raise ValueError(f"No terms of an import: {', '.join(sorted(unknown))}.")
    for name, value in terms.items():
        setattr(batch, name, value)


def lacks_basis(batch: ImportBatch) -> bool:
    """Whether the source or the legal basis of a file is not said (GDPR Art. 5, 14)."""
    return not (batch.source_kind and batch.activity and batch.collected_on)


def require_basis(batch: ImportBatch) -> None:
    """Raise DomainError unless a file says where it comes from and by what right."""
    if lacks_basis(batch):
        raise DomainError(
            "basis_missing",
            _(
                "Say first what kind of source the list comes from, when it was collected, and for which purpose the people are brought in."
            ),
        )
    if batch.collected_on and batch.collected_on > timezone.localdate():
        raise DomainError(
            "collected_later", _("The list cannot have been collected after today.")
        )


_OF_BATCH = ("collected_on", "saved_source")
_NEEDED = {
    ImportBatch.Key.EMAIL: {"email"},
    ImportBatch.Key.PHONE: {"phone", "mobile"},
    ImportBatch.Key.NUMBER: {"record_number"},
    ImportBatch.Key.EXTERNAL: {"external_id"},
}


def check_targets(
    targets: Sequence[str], *, columns: int, batch: ImportBatch | None = None
) -> None:
    """Raise DomainError unless the columns make sense together."""
    chosen = [code for code in targets if code]
    if len(targets) != columns or not TARGETS.keys() >= set(chosen):
        raise DomainError(
            "columns_changed", _("The columns do not fit the file. Choose them again.")
        )
    twice = [
        TARGETS[code].label
        for code in dict.fromkeys(chosen)
        if chosen.count(code) > 1 and not TARGETS[code].may_repeat
    ]
    if twice:
        raise DomainError(
            "target_twice",
            _("Only one column can be this: %(targets)s. Leave out the others.")
            % {"targets": ", ".join(map(str, twice))},
        )
    if "full_name" in chosen and {"first_name", "last_name"} & set(chosen):
        raise DomainError(
            "names_twice",
            _("Choose either the whole name or first and last name, not both."),
        )
    known_by = {"email", "phone", "mobile", "record_number", "external_id"}
    if batch is not None:
        _check_key(batch, set(chosen))
    if not known_by & set(chosen):
        raise DomainError(
            "no_way_to_reach",
            _(
                "Choose a column with the e-mail address or telephone number: without one nobody could be recognised."
            ),
        )


def check_rights(targets: Sequence[str], actor: Actor) -> None:
    """Raise DomainError for columns that take a right which the user has not."""
    if refused := columns_refused(targets, actor.user):
        raise DomainError(
            "column_not_allowed",
            _("You may not bring in this: %(targets)s. Leave these columns out.")
            % {"targets": ", ".join(map(str, refused))},
        )


def _check_key(batch: ImportBatch, chosen: set[str]) -> None:
    needed = _NEEDED.get(ImportBatch.Key(batch.recognised_by))
    if needed and not needed & chosen:
        raise DomainError(
            "key_column_missing",
            _("No column holds what people are to be recognised by: %(key)s.")
            % {"key": batch.get_recognised_by_display()},
        )
    if "external_id" in chosen and not batch.external_system:
        raise DomainError(
            "system_missing",
            _("Name the other system whose numbers the file has."),
        )


def job_of(batch: ImportBatch) -> Job | None:
    """Return the newest job of a batch."""
    return Job.objects.filter(kind__in=KINDS, object_id=str(batch.pk)).first()


def with_remarks(batch: ImportBatch) -> QuerySet[ImportRow]:
    """Return the rows about which there is something to say, in the order of the file."""
    return batch.rows.exclude(errors=[]).order_by("row_number")


def remark_counts(batch: ImportBatch) -> list[tuple[str, bool, int]]:
    """Return each error with whether it keeps rows out, and how many; most first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT error, outcome = 'invalid', count(*)"
            " FROM contacts_importrow, unnest(errors) AS error"
            " WHERE batch_id = %s GROUP BY 1, 2 ORDER BY 3 DESC, 1",
            [batch.pk],
        )
        return [(error, invalid, count) for error, invalid, count in cursor.fetchall()]


def same_file(batch: ImportBatch) -> ImportBatch | None:
    """Return an earlier import of exactly the same file."""
    return (
        ImportBatch.objects.filter(sha256=batch.sha256, state=State.DONE)
        .exclude(pk=batch.pk)
        .first()
    )


def locked(batch: ImportBatch, *states: ImportBatch.State) -> ImportBatch:
    """Lock a batch that is in one of the states and that no job works on."""
    found = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    unfinished = Job.objects.filter(
        kind__in=KINDS,
        object_id=str(batch.pk),
        state__in=[Job.State.QUEUED, Job.State.RUNNING],
    )
    if unfinished.exists():
        raise DomainError(
            "busy", _("This import is being worked on. Wait until that is done.")
        )
    if found.state not in states:
        raise DomainError(
            "wrong_state",
            _("The import is in another state by now. Look at its page again."),
        )
    return found


def people_added(batch: ImportBatch) -> QuerySet[ImportRow, uuid.UUID]:
    """The keys of the contacts whom an import added, as long as its rows are kept.

    Not those it found in the register: they are there for a reason of their own.
    """
    rows = ImportRow.objects.filter(
        batch=batch, is_written=True, outcome=ImportRow.Outcome.NEW
    ).exclude(contact=None)
    return rows.order_by().values_list("contact_id", flat=True).distinct()
