"""What staff do with an import: send a file, choose its columns, try it, run it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import runs, staging
from contacts.services.imports.targets import TARGETS
from register import access, audit
from register.actors import Actor
from register.datamap.removal import delete_rows
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.files import ReceivedFile
from register.identifiers import find_personal_identity_codes
from register.models import Job
from register.services import jobs

State = ImportBatch.State
KINDS = (staging.READ, runs.CHECK, runs.RUN)
# An import adds people and companies and leaves rows behind, so it needs all three.
CATEGORIES = (Category.IMPORTS, Category.IDENTITY, Category.COMPANY)

audit.register_actions(
    {
        "import.uploaded": _("sent a file to be imported"),
        "import.columns_chosen": _("chose the columns of an import"),
        "import.started": _("started an import"),
        "import.discarded": _("discarded an import before it was run"),
        "import.bad_rows_downloaded": _("downloaded the rows of an import with errors"),
    }
)


def may_import(user: object) -> bool:
    """Whether the user may bring in files of people."""
    return all(access.may(user, Action.IMPORT, category) for category in CATEGORIES)


def path_of_new_file() -> str:
    """Return a random name: the file's own may name a person."""
    return f"imports/{uuid.uuid4()}.csv"


@transaction.atomic
def upload(file: ReceivedFile, *, title: str, actor: Actor) -> ImportBatch:
    """Take a received file and order it to be read.

    The title becomes the source of every record the file brings. Raises DomainError if
    it holds a personal identity code.
    """
    title = " ".join(title.split())
    if find_personal_identity_codes(title):
        raise DomainError(
            "personal_identity_code",
            _("The title holds a personal identity code. Write another title."),
        )
    batch = ImportBatch(
        title=title, file=file.path, sha256=file.sha256, created_by=actor.user
    )
    batch.full_clean()
    batch.save(force_insert=True)
    file.keep()
    audit.record("import.uploaded", actor=actor, obj=batch, sha256=file.sha256)
    jobs.order(staging.READ, object_id=batch.pk, actor=actor)
    return batch


@transaction.atomic
def read_again(batch: ImportBatch, *, actor: Actor) -> Job:
    """Order a file to be read whose reading broke off. Raises DomainError otherwise."""
    batch = _locked(batch, State.UPLOADED)
    return jobs.order(staging.READ, object_id=batch.pk, actor=actor)


@transaction.atomic
def try_out(batch: ImportBatch, *, targets: Sequence[str], actor: Actor) -> Job:
    """Set the targets of the columns and order a dry run.

    Raises DomainError if the columns make no sense together, if the batch is being
    worked on, and if it is imported already.
    """
    batch = _locked(batch, State.STAGED, State.CHECKED)
    check_targets(targets, columns=len(batch.header))
    batch.targets, batch.state = list(targets), State.STAGED
    batch.full_clean()
    batch.save(update_fields=["targets", "state"])
    audit.record("import.columns_chosen", actor=actor, obj=batch)
    return jobs.order(runs.CHECK, object_id=batch.pk, actor=actor)


@transaction.atomic
def start(batch: ImportBatch, *, actor: Actor) -> Job:
    """Order the import of a batch that was tried, or go on with one that broke off.

    Raises DomainError if it was not tried, is being worked on or is imported already,
    and if its rows have reached the end of their period.
    """
    batch = _locked(batch, State.CHECKED, State.RUNNING)
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
    batch = _locked(batch, State.UPLOADED, State.STAGED, State.CHECKED, State.FAILED)
    if batch.row_count and not batch.rows.exists():
        raise DomainError(
            "rows_gone",
            _(
                "The rows of this file are at the end of their period and are deleted without you."
            ),
        )
    audit.record("import.discarded", actor=actor, obj=batch, count=batch.row_count)
    delete_rows(ImportBatch, [batch.pk])


def check_targets(targets: Sequence[str], *, columns: int) -> None:
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
    if not {"email", "phone", "mobile"} & set(chosen):
        raise DomainError(
            "no_way_to_reach",
            _(
                "Choose a column with the e-mail address or telephone number: without one nobody could be recognised."
            ),
        )


def job_of(batch: ImportBatch) -> Job | None:
    """Return the newest job of a batch."""
    return Job.objects.filter(kind__in=KINDS, object_id=str(batch.pk)).first()


def with_remarks(batch: ImportBatch) -> QuerySet[ImportRow]:
    """Return the rows about which there is something to say, in the order of the file."""
    return batch.rows.exclude(errors=[]).order_by("row_number")


def same_file(batch: ImportBatch) -> ImportBatch | None:
    """Return an earlier import of exactly the same file."""
    return (
        ImportBatch.objects.filter(sha256=batch.sha256, state=State.DONE)
        .exclude(pk=batch.pk)
        .first()
    )


def _locked(batch: ImportBatch, *states: ImportBatch.State) -> ImportBatch:
    """Lock a batch that is in one of the states and that no job works on."""
    locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
    unfinished = Job.objects.filter(
        kind__in=KINDS,
        object_id=str(batch.pk),
        state__in=[Job.State.QUEUED, Job.State.RUNNING],
    )
    if unfinished.exists():
        raise DomainError(
            "busy", _("This import is being worked on. Wait until that is done.")
        )
    if locked.state not in states:
        raise DomainError(
            "wrong_state",
            _("The import is in another state by now. Look at its page again."),
        )
    return locked
