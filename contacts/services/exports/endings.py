"""The end of the file of an export: who ordered it is reminded, and its removal is noted."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import formats, timezone, translation
from django.utils.translation import gettext, gettext_lazy as _

from contacts.models import Export, ExportFile
from contacts.services.exports import contents
from register import audit, files
from register.actors import system
from register.models import User
from register.outbound import mail

logger = logging.getLogger(__name__)

# Two working days of most weeks.
BEFORE = timedelta(days=2)
BATCH = 200

audit.register_actions(
    {"export.file_removed": _("removed the file of an export")},
)


def follow() -> int:
    """Remove files that must not be kept, note those that are gone, and remind."""
    return _remove_outdated() + _note_removed() + remind()


def ending_soon() -> QuerySet[Export]:
    """Exports whose file ends soon."""
    return Export.objects.filter(
        state=Export.State.READY,
        file_removed_at=None,
        made__ends_at__lte=timezone.now() + BEFORE,
    ).exclude(made__file="")


def unconfirmed() -> QuerySet[Export]:
    """Exports that were taken, whose file is gone here and perhaps not elsewhere."""
    return Export.objects.filter(
        state=Export.State.READY,
        file_removed_at__isnull=False,
        copies_deleted_at=None,
        downloads__isnull=False,
    ).distinct()


@transaction.atomic
def _remove_outdated() -> int:
    """Remove files in which somebody stands who has gone since by another way."""
    outdated = []
    there = ExportFile.objects.exclude(file="").select_related("export")
    for made in there.order_by("pk").iterator():
        export = made.export
        if contents.counts(export) != (export.row_count, export.person_count):
            outdated.append(made)
    files.order_removal([str(made.file) for made in outdated])
    ExportFile.objects.filter(pk__in=[made.pk for made in outdated]).delete()
    return len(outdated)


@transaction.atomic
def _note_removed() -> int:
    """Note on the manifest when the file was gone, whatever removed it."""
    gone = Export.objects.filter(
        state=Export.State.READY, file_removed_at=None
    ).exclude(pk__in=ExportFile.objects.exclude(file="").values("export"))
    found = list(gone.select_for_update(of=("self",), skip_locked=True)[:BATCH])
    for export in found:
        export.file_removed_at = timezone.now()
        export.save(update_fields=["file_removed_at"])
        audit.record(
            "export.file_removed",
            actor=system("accountability"),
            obj=export,
            sha256=export.sha256,
        )
    return len(found)


def remind() -> int:
    """Mail whose files end soon; return how many mails left.

    Claimed first: a process that is killed in between reminds nobody twice. On the
    overview they are shown in any case.
    """
    if not mail.is_set_up():
        return 0
    sent = 0
    with contextlib.suppress(mail.NotSentNow), mail.connected() as connection:
        while (export := _claim()) is not None:
            owner = export.created_by
            if owner is None or not owner.is_active:
                continue
            try:
                connection.send(_as_mail(owner, export))
            except (mail.NotSentNow, mail.Uncertain):
                break
            except mail.Refused:
                logger.warning("a reminder was refused by the mail server")
            else:
                sent += 1
    return sent


@transaction.atomic
def _claim() -> Export | None:
    due = (
        ending_soon()
        .filter(reminded_at=None, copies_deleted_at=None)
        .select_for_update(skip_locked=True, of=("self",))
    )
    export = due.annotate(ends=F("made__ends_at")).order_by("created_at").first()
    if export is not None:
        export.reminded_at = timezone.now()
        export.save(update_fields=["reminded_at"])
    return export


def _as_mail(owner: User, export: Export) -> mail.Mail:
    with translation.override(owner.language):
        made = ExportFile.objects.get(export=export)
        when = formats.date_format(
            timezone.localtime(made.ends_at), "SHORT_DATETIME_FORMAT"
        )
        return mail.Mail(
            to=owner.email,
            subject=gettext("The file of your export ends soon"),
            body=gettext(
                "The file of an export that you ordered is deleted from the register on %(when)s. Delete your own copies and those you passed on when you are done, and confirm it in the register: Exports."
            )
            % {"when": when},
            message_id=mail.new_message_id(),
            is_automatic=True,
        )
