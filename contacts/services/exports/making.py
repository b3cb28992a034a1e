"""Making the file of an export, in the background.

The worker is bound by no row security, so each batch is read in the role of the web and
with the rights of who ordered it, read anew: whoever loses the right meanwhile, gets no
file. Each attempt begins from the beginning; what a killed worker had written is removed
by the order that guards every file.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator

from django.db import transaction
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, Export, ExportFile, ExportPerson
from contacts.services.exports import columns as known_columns
from contacts.services.exports.columns import Column
from contacts.services.exports.files import csv_chunks, xlsx_chunks
from contacts.services.exports.ordering import KIND, may_export, stop
from register import access, audit, files
from register.actors import of_user, system
from register.database.visibility import as_the_web
from register.datamap.vocabulary import Action
from register.models import User
from register.services import jobs
from register.services.jobs import Progress

# One query for each column takes some 2 ms whether for 200 people or for 2,000.
BATCH = 2_000
MOST_BYTES = 4 * 1024**3
# How often it is begun anew because somebody in it was erased meanwhile.
ROUNDS = 5


class Stopped(Exception):
    """The export must not be made, and why."""

    def __init__(self, why: Export.Stop) -> None:
        super().__init__(str(why))
        self.why = why


@dataclasses.dataclass(slots=True)
class _Writer:
    """Reads an export batch by batch as who ordered it, and counts the rows."""

    export: Export
    progress: Progress
    row_count: int = 0

    def batches(self) -> Iterator[list[list[str]]]:
        columns = known_columns.chosen(self.export.columns, self._reader())
        yield [[capfirst(str(column.label)) for column in columns]]
        after, done = 0, 0
        while True:
            rows, after, count = self._batch(after)
            if not count:
                return
            done += count
            self.row_count += len(rows)
            yield rows
            self.progress.advance(done)

    def _reader(self) -> User:
        key = self.export.created_by_id
        user = User.objects.filter(pk=key).first() if key else None
        if user is None or not may_export(user):
            raise Stopped(Export.Stop.NO_RIGHT)
        return user

    def _batch(self, after: int) -> tuple[list[list[str]], int, int]:
        reader = self._reader()
        # The columns are those the export began with; what is hidden since is empty.
        columns = [known_columns.COLUMNS[code] for code in self.export.columns]
        with transaction.atomic():
            state = Export.objects.values_list("state", flat=True)
            if state.get(pk=self.export.pk) != Export.State.MAKING:
                raise Stopped(Export.Stop.CANCELLED)
            people = ExportPerson.objects.filter(export=self.export, pk__gt=after)
            listed = list(people.order_by("pk").values_list("pk", "contact")[:BATCH])
            if not listed:
                return [], after, 0
            keys = [key for _pk, key in listed]
            with as_the_web(), access.reading_as(reader):
                rows = _rows(keys, columns, reader)
            unseen = [key for key in keys if key not in rows]
            ExportPerson.objects.filter(export=self.export, contact__in=unseen).delete()
        return [rows[key] for key in keys if key in rows], listed[-1][0], len(listed)


def _rows(
    keys: list[uuid.UUID], columns: list[Column], reader: User
) -> dict[uuid.UUID, list[str]]:
    reached = access.visible_to(
        reader, Contact.objects.filter(pk__in=keys), Action.EXPORT
    )
    seen = set(reached.values_list("pk", flat=True))
    values = [
        column.values(keys, reader=reader)
        if column.is_always or column.is_for(reader)
        else {}
        for column in columns
    ]
    return {key: [each.get(key, "") for each in values] for key in keys if key in seen}


@jobs.register_kind(KIND, _("Making an export"))
def make(object_id: str, progress: Progress) -> dict[str, int]:
    """Make the file. Again is harmless: a ready export is left as it is."""
    for _round in range(ROUNDS):
        export = Export.objects.get(pk=object_id)
        if export.state != Export.State.MAKING:
            return {}
        try:
            if _made(export, progress):
                return {"rows": export.row_count}
        except Stopped as stopped:
            return _stopped(export, stopped.why)
    return _stopped(export, Export.Stop.ERASED)


def _made(export: Export, progress: Progress) -> bool:
    """Write the file and keep it, unless somebody in it was erased meanwhile."""
    progress.start(ExportPerson.objects.filter(export=export).count())
    writer = _Writer(export, progress)
    chunks = csv_chunks if export.file_format == Export.Format.CSV else xlsx_chunks
    language = export.created_by.language if export.created_by else "en"
    with translation.override(language):
        received = files.receive(
            chunks(writer.batches()),
            path=f"exports/{uuid.uuid4().hex}",
            max_bytes=MOST_BYTES,
        )
    with transaction.atomic():
        found = Export.objects.select_for_update().get(pk=export.pk)
        people = ExportPerson.objects.filter(export=found).count()
        is_whole = found.state == Export.State.MAKING and people == writer.row_count
        if is_whole:
            received.keep()
            ExportFile.objects.create(export=found, file=received.path)
            found.state, found.finished_at = Export.State.READY, timezone.now()
            found.row_count = export.row_count = writer.row_count
            found.size, found.sha256 = received.size, received.sha256
            found.save()
            user = found.created_by
            assert user is not None  # noqa: S101 - the writer has read it
            audit.record(
                "export.made",
                actor=of_user(user, purpose=found.purpose),
                obj=found,
                count=found.row_count,
                sha256=found.sha256,
            )
    if not is_whole:
        received.discard()
    return is_whole


def _stopped(export: Export, why: Export.Stop) -> dict[str, int]:
    with transaction.atomic():
        found = Export.objects.select_for_update().get(pk=export.pk)
        if found.state == Export.State.MAKING:
            stop(found, why, actor=system("accountability"))
    return {}
