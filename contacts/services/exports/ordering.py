"""Ordering an export, approving a large one, cancelling, and taking the file."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Contact, Export, ExportDownload, ExportFile
from contacts.services.exports import columns as known_columns, contents
from contacts.services.exports.contents import may_export
from register import access, audit, files, identity_codes
from register.activities import ACTIVITIES
from register.actors import Actor, of_user
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import User
from register.services import approvals, jobs

KIND = "contacts.export"
# A worksheet has no more rows.
MOST_ROWS = {Export.Format.CSV: 5_000_000, Export.Format.XLSX: 1_048_575}

audit.register_actions(
    {
        "export.ordered": _("ordered an export"),
        "export.made": _("made an export"),
        "export.stopped": _("stopped an export"),
        "export.downloaded": _("took the file of an export"),
        "export.copies_deleted": _("confirmed that copies of an export are deleted"),
    }
)


@transaction.atomic
def order(
    rows: QuerySet[Contact] | QuerySet[Company],
    *,
    purpose: str,
    reason: str,
    columns: Sequence[str],
    file_format: str,
    actor: Actor,
    filters: Sequence[str] = (),
    was_searched: bool = False,
    was_chosen: bool = False,
    ids: Sequence[uuid.UUID] | None = None,
) -> Export:
    """Fix who is in an export, and have it made: at once, or when a second person approves.

    ``rows`` are people or companies, read as the one who orders sees them; of them only
    ``ids``, if any are given, which counts as chosen one by one. ``filters`` say in the
    manifest how they were found. Refuses whoever may not export, an unknown purpose, no
    columns and nobody to export.
    """
    content = contents.of_model(rows.model).content
    if not may_export(actor.user, content):
        raise PermissionDenied
    if ids is not None:
        rows, was_chosen = rows.filter(pk__in=list(ids)), True
    if purpose not in ACTIVITIES:
        raise DomainError("purpose_missing", _("Choose a purpose."), field="purpose")
    identity_codes.refuse(reason, field="reason")
    picked = known_columns.chosen(columns, actor.user, content)
    if all(column.is_always for column in picked):
        raise DomainError("no_columns", _("Choose a column."), field="columns")
    export = Export(
        state=Export.State.MAKING,
        content=content,
        purpose=purpose,
        reason=reason.strip(),
        file_format=file_format,
        columns=[column.code for column in picked],
        filters=list(filters),
        was_searched=was_searched,
        was_chosen=was_chosen,
        created_by=actor.user,
    )
    export.full_clean()
    export.save(force_insert=True)
    reached: QuerySet[Any] = access.visible_to(actor.user, rows, Action.EXPORT)
    export.chosen_count = contents.fix(export, reached)
    if not export.chosen_count:
        raise DomainError("nobody", _("There is nobody to export."))
    if export.chosen_count > MOST_ROWS[Export.Format(file_format)]:
        raise DomainError(
            "too_many", _("The file cannot have so many rows."), field="file_format"
        )
    is_large = export.chosen_count > settings.EXPORT_APPROVAL_ROWS
    if is_large:
        export.state = Export.State.WAITING
    export.save(update_fields=["chosen_count", "state"])
    audit.record(
        "export.ordered",
        actor=actor.with_purpose(purpose),
        obj=export,
        count=export.chosen_count,
        fields=export.columns,
    )
    if is_large:
        approvals.ask(KIND, object_id=export.pk, actor=actor)
    else:
        jobs.order(KIND, object_id=export.pk, actor=actor)
    return export


@transaction.atomic
def cancel(export: Export, *, actor: Actor) -> None:
    """Stop an export that is not ready, by who ordered it."""
    found = Export.objects.select_for_update().get(pk=export.pk)
    if actor.user is None or found.created_by_id != actor.user.pk:
        raise PermissionDenied
    if found.state == Export.State.WAITING:
        approvals.withdraw(KIND, object_id=found.pk, actor=actor)
    if found.state in (Export.State.WAITING, Export.State.MAKING):
        stop(found, Export.Stop.CANCELLED, actor=actor)


def stop(export: Export, why: Export.Stop, *, actor: Actor) -> None:
    """End an export without a file: nobody's data left, so nobody was in it."""
    export.state, export.stop_reason = Export.State.STOPPED, why
    export.finished_at = timezone.now()
    export.save(update_fields=["state", "stop_reason", "finished_at"])
    contents.forget(export)
    audit.record("export.stopped", actor=actor, obj=export, reason=str(why))


@transaction.atomic
def take(export_id: uuid.UUID, *, actor: Actor) -> ExportFile:
    """Record that who ordered an export takes its file, and return it.

    Refuses everybody else, who lost the right meanwhile or sees less by now than the file
    holds, more downloads than allowed, and a file in which somebody stands who was erased
    since.
    """
    export = Export.objects.select_for_update().filter(pk=export_id).first()
    if export is None or actor.user is None or export.created_by_id != actor.user.pk:
        raise PermissionDenied
    if not may_export(actor.user, export.content):
        raise PermissionDenied
    made = ExportFile.objects.filter(export=export, ends_at__gt=timezone.now()).first()
    if made is None:
        raise DomainError("file_gone", _("The file is no longer kept."))
    if export.downloads.count() >= settings.EXPORT_DOWNLOADS:
        raise DomainError(
            "taken_too_often",
            _("The file was taken as often as is allowed; order it anew."),
        )
    if not made.file or contents.counts(export) != (
        export.row_count,
        export.person_count,
    ):
        raise DomainError(
            "person_left",
            _("Somebody in this file was erased since. Order the export anew."),
        )
    if not _sees_all(actor.user, export):
        raise DomainError(
            "sees_less",
            _("The file holds more than you may see by now. Order the export anew."),
        )
    ExportDownload.objects.create(export=export, user=actor.user)
    audit.record(
        "export.downloaded",
        actor=actor.with_purpose(export.purpose),
        obj=export,
        count=export.row_count,
        sha256=export.sha256,
    )
    return made


def _sees_all(user: User, export: Export) -> bool:
    """Whether a user sees today all that stands in the file, and of all rows in it."""
    known = known_columns.COLUMNS
    return (
        all(known[c].is_clear(user) for c in export.clear_columns if c in known)
        and all(known[c].is_for(user) for c in export.masked_columns if c in known)
        and contents.reaches_all(user, export)
    )


@transaction.atomic
def confirm_copies_deleted(export: Export, *, actor: Actor) -> None:
    """Note that who took the file deleted every copy of it, and remove ours."""
    found = Export.objects.select_for_update().get(pk=export.pk)
    if actor.user is None or found.created_by_id != actor.user.pk:
        raise PermissionDenied
    if found.copies_deleted_at is None:
        made = ExportFile.objects.filter(export=found)
        paths = list(made.values_list("file", flat=True))
        made.delete()
        files.order_removal(paths)
        found.copies_deleted_at = timezone.now()
        found.file_removed_at = found.file_removed_at or found.copies_deleted_at
        found.save(update_fields=["copies_deleted_at", "file_removed_at"])
        audit.record("export.copies_deleted", actor=actor, obj=found)


def _approved(object_id: str, actor: Actor) -> None:
    export = Export.objects.select_for_update().get(pk=object_id)
    if export.state != Export.State.WAITING or export.created_by is None:
        return
    export.state = Export.State.MAKING
    export.save(update_fields=["state"])
    jobs.order(KIND, object_id=export.pk, actor=of_user(export.created_by))


def _rejected(object_id: str, actor: Actor) -> None:
    export = Export.objects.select_for_update().get(pk=object_id)
    export.state, export.finished_at = Export.State.REJECTED, timezone.now()
    export.save(update_fields=["state", "finished_at"])
    contents.forget(export)


def _page(object_id: Any) -> str:
    return reverse("admin:contacts_export_change", args=[object_id])


def _about(keys: Collection[str], user: object) -> dict[str, str]:
    """Return how many rows go out, and what for."""
    found = Export.objects.filter(pk__in=keys)
    return {
        str(
            each.pk
        ): f"{number_format(each.chosen_count, force_grouping=True)}: {each.reason}"
        for each in found
    }


approvals.register_kind(
    approvals.ApprovalKind(
        code=KIND,
        title=_("A large export"),
        category=Category.EXPORTS,
        url=_page,
        on_approved=_approved,
        on_rejected=_rejected,
        about=_about,
    )
)
