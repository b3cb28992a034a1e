"""Everywhere a person's identifiers can be: tables as they really are, files, Redis.

The tables are read from the catalogue of the database, not from the models: what the
code does not know of is searched as well.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import dataclasses
import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import filetype
import redis
from celery import current_app
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.files.storage import default_storage
from django.db import connection

from dsar.mentions import Crowd, Mentions
from dsar.services.erasure_texts import CELL, pieces

# No identifier is longer; what is cut by the end of a chunk is whole in the next.
_OVERLAP = 1_000
_CHUNK = 1_000_000
_MOST_ROWS = 20_000
_SCAN = 500

_COLUMNS = """
    SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, NULL)
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type e ON e.oid = t.typelem
    WHERE c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition
      AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND n.nspname !~ '^pg_(toast|temp)'
      AND (t.typcategory = 'S' OR t.typname IN ('json', 'jsonb', 'xml', 'hstore')
           OR (t.typcategory = 'A' AND (e.typcategory = 'S' OR e.typname IN ('json', 'jsonb'))))
    ORDER BY 1, 2, a.attnum
"""


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A table of the live database with its columns of words."""

    schema: str
    name: str
    columns: tuple[str, ...]
    json_columns: frozenset[str]

    @property
    def sql(self) -> str:
        """The table's name as SQL."""
        return f'"{self.schema}"."{self.name}"'

    def place(self, column: str) -> str:
        """Return what a column is called in a report."""
        table = self.name if self.schema == "public" else f"{self.schema}.{self.name}"
        return f"{table}.{column}"


def tables() -> list[Table]:
    """Return every table, partition roots and materialised views included."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS)
        for schema, name, column, kind in cursor.fetchall():
            found.setdefault((schema, name), []).append((column, kind))
    return [
        Table(
            schema,
            name,
            tuple(column for column, _kind in columns),
            frozenset(column for column, kind in columns if kind in ("json", "jsonb")),
        )
        for (schema, name), columns in found.items()
    ]


def rows(
    table: Table, key: str | None, mentions: Mentions | Crowd
) -> Iterator[tuple[Any, dict[str, str]]]:
    """Yield ``(key, text by column)`` of the rows in which the person may be mentioned.

    Without a key column the place of the row in the table stands for it.
    """
    texts = [f't."{column}"::text' for column in table.columns]
    condition, params = mentions.where(f"concat_ws(chr(31), {', '.join(texts)})")
    name = f't."{key}"' if key else "t.ctid::text"
    # For many people the database cannot choose the rows: all are read, piece by piece.
    most = f" LIMIT {_MOST_ROWS}" if isinstance(mentions, Mentions) else ""
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f"SELECT {name}, {', '.join(texts)} FROM {table.sql} t"  # noqa: S608 - names come from the catalogue
            f" WHERE {condition}{most}",
            params,
        )
        for found, *values in pieces(cursor):
            yield (
                found,
                {
                    column: _plain(value) if column in table.json_columns else value
                    for column, value in zip(table.columns, values, strict=True)
                    if value
                },
            )


def sessions() -> Iterator[str]:
    """Yield what the sessions hold; in their table it is packed."""
    for session in Session.objects.iterator(chunk_size=_SCAN):
        yield json.dumps(session.get_decoded(), ensure_ascii=False, default=str)


def stored_files() -> Iterator[str]:
    """Yield the path of every stored file."""
    waiting = [""]
    while waiting:
        directory = waiting.pop()
        try:
            directories, names = default_storage.listdir(directory)
        except FileNotFoundError:
            continue
        prefix = f"{directory}/" if directory else ""
        yield from (prefix + name for name in names)
        waiting += [prefix + name for name in directories]


def texts_of_file(path: str) -> Iterator[str]:
    """Yield the text of a stored file in pieces; nothing for sound, images and the like.

    Of an archive the files inside are read, one level deep.
    """
    try:
        with default_storage.open(path) as stream:
            yield from _texts(stream, inside=False)  # type: ignore[arg-type]
    except FileNotFoundError:
        return  # removed while the search was on its way


def cache_entries() -> Iterator[tuple[str, str]]:
    """Yield ``(key, value as text)`` of our corner of the cache."""
    with _cache() as client:
        for key in client.scan_iter(f"{_cache_prefix()}*", count=_SCAN):
            yield key.decode(errors="ignore"), _value(client, key)


def forget_cache_entry(key: str) -> None:
    """Delete one entry of the cache: it is only a copy."""
    with _cache() as client:
        client.delete(key)


def broker_messages() -> Iterator[str]:
    """Yield everything the broker holds, waiting and taken messages alike."""
    with current_app.connection_for_read() as broker:
        client: Any = broker.default_channel.client  # type: ignore[attr-defined]
        for key in client.scan_iter("*", count=_SCAN):
            name = key.decode(errors="ignore") if isinstance(key, bytes) else str(key)
            yield f"{name}{CELL}{_unpacked(_value(client, key))}"


def _texts(stream: BinaryIO, *, inside: bool) -> Iterator[str]:
    head = stream.read(8192)
    stream.seek(0)
    kind = filetype.guess(head)
    if kind is not None and kind.extension in ("zip", "docx", "xlsx", "odt", "ods"):
        if not inside:
            yield from _texts_of_archive(stream)
    elif kind is None and (b"\0" not in head or head[:2] in _UTF_16):
        yield from _decoded(stream, _encoding_of(head))


_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def _texts_of_archive(stream: BinaryIO) -> Iterator[str]:
    try:
        with zipfile.ZipFile(stream) as archive:
            for member in archive.infolist():
                yield member.filename
                with archive.open(member) as inner:
                    # Read whole: a member cannot be wound back without reading again.
                    buffer = io.BytesIO(inner.read(64 * _CHUNK))
                yield from _texts(buffer, inside=True)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return  # damaged, or packed in a way that nobody here can read


def _decoded(stream: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    kept = ""
    while chunk := stream.read(_CHUNK):
        text = kept + decoder.decode(chunk)
        yield text
        kept = text[-_OVERLAP:]


def _encoding_of(head: bytes) -> str:
    if head[:2] in _UTF_16:
        return "utf-16"
    try:
        # The last bytes may be half a letter.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _plain(value: str) -> str:
    """Return the keys and values of JSON as one text, without escapes."""
    return CELL.join(_strings(json.loads(value)))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield str(key)
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)
    elif value is not None:
        yield str(value)


def _cache() -> redis.Redis:
    location = str(settings.CACHES["default"]["LOCATION"])
    return redis.Redis.from_url(location, decode_responses=False)


def _cache_prefix() -> str:
    prefix = str(settings.CACHES["default"].get("KEY_PREFIX", ""))
    return f"{prefix}:" if prefix else ""


def _value(client: Any, key: Any) -> str:
    """Return what stands under a key, whatever its kind, as text."""
    match client.type(key):
        case b"string" | "string":
            parts = [client.get(key) or b""]
        case b"list" | "list":
            parts = client.lrange(key, 0, -1)
        case b"hash" | "hash":
            parts = [part for pair in client.hgetall(key).items() for part in pair]
        case b"set" | "set":
            parts = list(client.smembers(key))
        case b"zset" | "zset":
            parts = client.zrange(key, 0, -1)
        case _:
            parts = []
    return CELL.join(
        part.decode(errors="ignore") if isinstance(part, bytes) else str(part)
        for part in parts
    )


def _unpacked(text: str) -> str:
    """Return messages with their bodies, which Celery packs as base64."""
    found = [text]
    for part in text.split(CELL):
        try:
            message = json.loads(part)
        except ValueError:
            continue
        # What a worker has taken is wrapped once more: [message, exchange, queue].
        if isinstance(message, list) and message:
            message = message[0]
        if isinstance(message, dict) and isinstance(message.get("body"), str):
            try:
                found.append(base64.b64decode(message["body"]).decode(errors="ignore"))
            except binascii.Error:
                found.append(message["body"])
        found.extend(_strings(message))
    return CELL.join(found)
