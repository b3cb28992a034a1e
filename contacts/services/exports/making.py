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
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models import Export, ExportFile
from contacts.services.exports import columns as known_columns, contents
from contacts.services.exports.columns import Column
from contacts.services.exports.contents import may_export
from contacts.services.exports.files import csv_chunks, xlsx_chunks
from contacts.services.exports.ordering import KIND, stop
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


_LOCK = """
    SELECT count(*) FROM (
        SELECT 1 FROM contacts_contact WHERE id IN (
            SELECT contact_id FROM contacts_exportperson WHERE export_id = %s)
        ORDER BY id FOR KEY SHARE) locked
"""


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
    # Of which the file holds values themselves, or masks, be it in one batch alone.
    clear: set[str] = dataclasses.field(default_factory=set)
    masked: set[str] = dataclasses.field(default_factory=set)

    def batches(self) -> Iterator[list[list[str]]]:
        columns = known_columns.chosen(
            self.export.columns, self._reader(), self.export.content
        )
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
        if user is None or not may_export(user, self.export.content):
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
            kind = contents.of_export(self.export)
            kept = kind.kept._default_manager.filter(export=self.export, pk__gt=after)
            listed = list(kept.order_by("pk").values_list("pk", kind.field)[:BATCH])
            if not listed:
                return [], after, 0
            keys = [key for _pk, key in listed]
            with as_the_web(), access.reading_as(reader):
                rows = _rows(kind.model, keys, columns, reader)
            self.clear |= {each.code for each in columns if each.is_clear(reader)}
            self.masked |= {each.code for each in columns if each.is_for(reader)}
            contents.take_out(self.export, [key for key in keys if key not in rows])
        return [rows[key] for key in keys if key in rows], listed[-1][0], len(listed)


def _rows(
    model: type[Any], keys: list[uuid.UUID], columns: list[Column], reader: User
) -> dict[uuid.UUID, list[str]]:
    found: QuerySet[Any] = model._default_manager.filter(pk__in=keys)
    reached = access.visible_to(reader, found, Action.EXPORT)
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
    rows, people = contents.counts(export)
    progress.start(rows)
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
        _wait_for_erasures(export)
        found = Export.objects.select_for_update().get(pk=export.pk)
        left = contents.counts(found)
        is_whole = (
            found.state == Export.State.MAKING
            and left[0] == writer.row_count
            and (found.content == Export.Content.PEOPLE or left[1] == people)
        )
        if is_whole:
            received.keep()
            ExportFile.objects.create(export=found, file=received.path)
            found.state, found.finished_at = Export.State.READY, timezone.now()
            found.row_count = export.row_count = writer.row_count
            found.clear_columns = sorted(writer.clear)
            found.masked_columns = sorted(writer.masked - writer.clear)
            found.person_count = left[1]
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


def _wait_for_erasures(export: Export) -> None:
    """Let nobody in the export be erased until its file is known, and wait for who is now.

    Whoever erases locks the person first. So either that has happened before the people
    are counted, or it comes when the file is there to be removed with the person.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [export.pk])


def _stopped(export: Export, why: Export.Stop) -> dict[str, int]:
    with transaction.atomic():
        found = Export.objects.select_for_update().get(pk=export.pk)
        if found.state == Export.State.MAKING:
            stop(found, why, actor=system("accountability"))
    return {}
