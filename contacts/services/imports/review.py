"""Deciding about a dry run before it is carried out: rows are taken out or put back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportRow
from contacts.services.imports import batches
from register import audit
from register.actors import Actor

audit.register_actions(
    {
        "import.rows_taken_out": _("took rows out of an import or put them back"),
        "import.difference_downloaded": _("downloaded what an import would do"),
    }
)


@transaction.atomic
def take_out(
    batch: ImportBatch, rows: QuerySet[ImportRow], *, is_removed: bool, actor: Actor
) -> int:
    """Take rows of a batch that was tried out of it, or put them back; return how many.

    What they say about refusing is taken all the same. Raises DomainError once the
    import is started.
    """
    batch = batches.locked(batch, ImportBatch.State.CHECKED)
    count = (
        ImportRow.objects.filter(batch=batch, pk__in=rows.order_by().values("pk"))
        .exclude(is_removed=is_removed)
        .update(is_removed=is_removed)
    )
    audit.record("import.rows_taken_out", actor=actor, obj=batch, count=count)
    return count
