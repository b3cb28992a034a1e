"""The zip of a package, written while its rows are read.

One pass over each table feeds both files: ``data.json`` goes straight into the zip,
the lines of ``index.html`` wait in an unnamed temporary file until it is finished.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from typing import IO, BinaryIO, Protocol, cast

import filetype
from django.core.files.storage import default_storage
from django.db.models import Count
from django.utils import timezone

from dsar.models import Finding, Request
from dsar.package import data_text, page_text
from dsar.package.tables import Table
from dsar.scope import Scope, entries, row_counts
from register import files

# Most of a package is text that repeats; the lowest level makes it a tenth already.
LEVEL = 1
REPORTED_EVERY = 5_000


class Reporter(Protocol):
    """To whom the progress is reported (:class:`register.services.jobs.Progress`)."""

    def start(self, total: int) -> None: ...

    def advance(self, done: int) -> None: ...


class PackageZip:
    """The package of one request. ``chunks`` may be called once."""

    def __init__(
        self,
        request: Request,
        scope: Scope,
        *,
        progress: Reporter | None = None,
    ) -> None:
        self.request = request
        self.made_at = timezone.now()
        self.row_count = 0
        # Values that nobody has decided about; with any, the package must not be given.
        self.undecided = 0
        self.missing_files = 0
        sizes, withheld = row_counts(request, scope), _withheld(request)
        self._tables = [
            Table(entry, request, scope, sizes[entry.label], withheld[entry.label])
            for entry in entries()
        ]
        self._progress = progress
        self._sink = _Sink()
        self._seen = 0

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes of the zip, in the language that is active."""
        if self._progress is not None:
            self._progress.start(sum(table.size for table in self._tables))
        with contextlib.ExitStack() as stack:
            archive = stack.enter_context(
                zipfile.ZipFile(
                    cast(BinaryIO, self._sink),
                    "w",
                    zipfile.ZIP_DEFLATED,
                    compresslevel=LEVEL,
                )
            )
            page = stack.enter_context(tempfile.TemporaryFile())
            for table in self._tables:
                yield from self._files(archive, table)
            with self._member(archive, "data.json") as data:
                yield from self._data(data, page)
            with self._member(archive, "index.html") as out:
                out.write(page_text.page_start(self).encode())
                page.seek(0)
                for chunk in files.chunks_of(cast(BinaryIO, page)):
                    out.write(chunk)
                    yield from self._sink.take()
                out.write(page_text.page_end().encode())
            with self._member(archive, "README.txt") as readme:
                readme.write(page_text.readme(self).encode())
        yield from self._sink.take(at_least=0)

    @property
    def contents(self) -> list[tuple[Table, int]]:
        """The tables with their numbers of rows, known once they are written."""
        return [
            (table, self._counts.get(table.entry.label, 0)) for table in self._tables
        ]

    def _data(self, data: IO[bytes], page: IO[bytes]) -> Iterator[bytes]:
        self._counts: dict[str, int] = {}
        head = json.dumps(data_text.data_head(self), ensure_ascii=False, indent=1)
        data.write(f'{head[:-2]},\n "tables": ['.encode())
        for number, table in enumerate(self._tables):
            data.write(b",\n" if number else b"\n")
            yield from self._table(table, data, page)
        data.write(b"\n]}\n")

    def _table(self, table: Table, data: IO[bytes], page: IO[bytes]) -> Iterator[bytes]:
        data.write(f'{data_text.table_head(table)[:-1]}, "rows": ['.encode())
        count = 0
        for batch in table.rows():
            given = [(row, line) for row, line, _ in batch if row is not None]
            self.undecided += sum(missing for _, _, missing in batch)
            if given:
                if not count:
                    page.write(page_text.section_start(table).encode())
                data.write(b",\n" if count else b"\n")
                data.write(",\n".join([row for row, _ in given]).encode())
                page.write("\n".join([line or "" for _, line in given]).encode())
            count += len(given)
            self._report(len(batch))
            yield from self._sink.take()
        tail = json.dumps(data_text.table_tail(table, count), ensure_ascii=False)
        data.write(f"], {tail[1:]}".encode())
        if count:
            page.write(page_text.section_end(table).encode())
        self._counts[table.entry.label] = count
        self.row_count += count

    def _files(self, archive: zipfile.ZipFile, table: Table) -> Iterator[bytes]:
        """Copy the files that are given, and remember where they went."""
        for column, key, path in table.files():
            try:
                stored = default_storage.open(path, "rb")
            except FileNotFoundError:
                self.missing_files += 1
                continue
            with stored:
                chunks = files.chunks_of(cast(BinaryIO, stored))
                head = next(chunks, b"")
                name = member_name(table.entry.label, key, column.name, head)
                info = zipfile.ZipInfo(name, self._time)
                # Sound is compressed already.
                info.compress_type = zipfile.ZIP_STORED
                with archive.open(info, "w", force_zip64=True) as member:
                    for chunk in itertools.chain([head], chunks):
                        member.write(chunk)
                        yield from self._sink.take()
            table.members.setdefault(key, {})[column.name] = name

    def _member(self, archive: zipfile.ZipFile, name: str) -> IO[bytes]:
        info = zipfile.ZipInfo(name, self._time)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr = 0o600 << 16
        info._compresslevel = LEVEL  # type: ignore[attr-defined]
        return archive.open(info, "w", force_zip64=True)

    @property
    def _time(self) -> tuple[int, int, int, int, int, int]:
        return timezone.localtime(self.made_at).timetuple()[:6]

    def _report(self, rows: int) -> None:
        before, self._seen = self._seen, self._seen + rows
        passed = self._seen // REPORTED_EVERY > before // REPORTED_EVERY
        if self._progress is not None and passed:
            self._progress.advance(self._seen)


class _Sink:
    """Takes what the zip writes until it is handed on. It cannot be rewound."""

    def __init__(self) -> None:
        self._chunks: list[bytes] = []
        self._size = 0

    def write(self, chunk: bytes) -> int:
        self._chunks.append(bytes(chunk))
        self._size += len(chunk)
        return len(chunk)

    def flush(self) -> None:
        pass

    def take(self, at_least: int = files.CHUNK) -> Iterator[bytes]:
        """Yield what is there, if it is enough to be worth it."""
        if self._size > at_least:
            yield b"".join(self._chunks)
            self._chunks.clear()
            self._size = 0


def _withheld(request: Request) -> dict[str, list[tuple[str, str, int]]]:
    """Return what the review withheld, by table."""
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for table, field, ground, count in (
        request.findings.filter(verdict=Finding.Verdict.WITHHOLD)
        .values_list("table", "field", "ground")
        .annotate(count=Count("pk"))
        .order_by("table", "field", "ground")
    ):
        found[table].append((field, ground, count))
    return found


def member_name(label: str, key: str, field: str, head: bytes) -> str:
    """Return a path that is safe on every system, with the ending its content has."""
    kind = filetype.guess_extension(head) or "bin"
    safe = re.sub(r"[^0-9A-Za-z-]", "_", key)
    return f"files/{label}/{safe}-{field}.{kind}"
