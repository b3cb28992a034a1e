"""Saved sources: what was chosen for a kind of file, for the next file of that kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportSource
from contacts.models.import_terms import TERMS
from contacts.services.imports import batches, memory
from contacts.services.imports.targets import TARGETS
from register import audit
from register.actors import Actor
from register.errors import DomainError
from register.identifiers import find_personal_identity_codes

State = ImportBatch.State
# Those of the layout that another file of the source shares.
_READ_AS = ("encoding", "delimiter", "header_row")

audit.register_actions(
    {
        "import.source_saved": _("saved how files of a source are imported"),
        "import.source_used": _("took the saved settings of a source for an import"),
        "import.source_deleted": _("deleted the saved settings of a source"),
    }
)


def proposed(header: Sequence[str]) -> QuerySet[ImportSource]:
    """Return the sources whose files have these columns, the last used first."""
    if not any(header):
        return ImportSource.objects.none()
    return ImportSource.objects.filter(fingerprint=memory.fingerprint(header)).order_by(
        "-used_at"
    )


@transaction.atomic
def save(batch: ImportBatch, *, name: str, actor: Actor) -> ImportSource:
    """Keep the columns and terms of a batch under a name; the same name is replaced.

    Raises DomainError for a name that cannot be kept and a batch without columns.
    """
    name = " ".join(name.split())
    if not name or len(name) > 80 or "\0" in name:
        raise DomainError(
            "source_name", _("Give the source a name of at most 80 characters.")
        )
    if find_personal_identity_codes(name):
        raise DomainError(
            "personal_identity_code",
            _("The name holds a personal identity code. Write another name."),
        )
    if not any(batch.targets):
        raise DomainError("no_columns", _("Choose first what the columns mean."))
    source = (
        ImportSource.objects.select_for_update().filter(name__iexact=name).first()
    ) or ImportSource(name=name)
    for field in (*TERMS, *_READ_AS, "targets"):
        setattr(source, field, getattr(batch, field))
    source.fingerprint = memory.fingerprint(batch.header) if any(batch.header) else ""
    source.used_at = timezone.now()
    source.full_clean()
    source.save()
    ImportBatch.objects.filter(pk=batch.pk).update(saved_source=source)
    audit.record("import.source_saved", actor=actor, obj=source)
    return source


@transaction.atomic
def use(batch: ImportBatch, source: ImportSource, *, actor: Actor) -> list[str]:
    """Give a batch the terms of a source, and its columns if the file has as many.

    The day on which the list was collected is another each time and is not taken.
    Returns the targets of the columns. Raises DomainError once the import has begun.
    """
    batch = batches.locked(batch, State.UPLOADED, State.STAGED, State.CHECKED)
    batches.set_terms(batch, {**terms_of(source), "saved_source": source})
    batch.targets = targets_for(source, batch.header) or batch.targets
    if batch.state == State.CHECKED:
        # What was tried was tried on other terms.
        batch.state = State.STAGED
    batch.full_clean()
    batch.save(update_fields=[*TERMS, "saved_source", "targets", "state"])
    ImportSource.objects.filter(pk=source.pk).update(used_at=timezone.now())
    audit.record("import.source_used", actor=actor, obj=batch)
    return batch.targets


@transaction.atomic
def delete(source: ImportSource, *, actor: Actor) -> None:
    """Forget a source. What was imported by it stays as it is."""
    audit.record("import.source_deleted", actor=actor, obj=source)
    source.delete()


def names_of_columns(source: ImportSource) -> list[str]:
    """Return the names by the newest file of the source that is known; else none.

    They are not kept with the source, which outlives its files.
    """
    used = ImportBatch.objects.filter(saved_source=source).order_by("-created_at")
    header = used.values_list("header", flat=True).first()
    if not header or not any(header):
        return []
    return header if memory.fingerprint(header) == source.fingerprint else []


def terms_of(source: ImportSource) -> dict[str, Any]:
    """Return on what terms files of a source are brought in."""
    return {name: getattr(source, name) for name in TERMS}


def targets_for(source: ImportSource, header: Sequence[str]) -> list[str] | None:
    """Return what the columns of a file mean by a source, None if they are others."""
    is_alike = source.fingerprint == (memory.fingerprint(header) if any(header) else "")
    if not is_alike or len(source.targets) > len(header):
        return None
    known = [code if code in TARGETS else "" for code in source.targets]
    return [*known, *[""] * (len(header) - len(known))]
