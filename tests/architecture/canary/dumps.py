"""Everything the register holds, as bytes, the way an intruder or a backup sees it."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from django.db import connection

from settings import embedded


def database() -> str:
    """Return a logical backup of the database as text."""
    program = _pg_dump()
    if program is not None:
        parameters = connection.get_connection_params()
        options = {"host": "-h", "port": "-p", "user": "-U", "dbname": "-d"}
        command = [str(program), "--no-owner"]
        for name, option in options.items():
            if parameters.get(name):
                command += [option, str(parameters[name])]
        environment = {**os.environ, "PGPASSWORD": str(parameters.get("password", ""))}
        dumped = subprocess.run(
            command, capture_output=True, env=environment, check=False
        )
        if dumped.returncode == 0:
            return dumped.stdout.decode()
        # Most likely the server is newer than the program.
    return copied()


def places_in(dump: str, needles: set[str]) -> dict[str, set[str]]:
    """Return for each needle in which ``table.column`` of the dump it stands."""
    found: dict[str, set[str]] = {}
    table, columns = "", [""]
    for line in dump.splitlines():
        if line.startswith("COPY ") and line.endswith("FROM stdin;"):
            table, _, rest = line.removeprefix("COPY ").partition(" (")
            columns = [c.strip(' "') for c in rest.rpartition(")")[0].split(",")]
            continue
        if line == "\\.":
            table, columns = "", [""]
        values = line.split("\t") if table else [line]
        for column, value in zip(columns, values, strict=False):
            for needle in needles:
                if needle in value:
                    place = (
                        f"{table.removeprefix('public.')}.{column}" if table else "?"
                    )
                    found.setdefault(needle, set()).add(place)
    return found


def media() -> dict[str, bytes]:
    """Return all stored files: name and content."""
    root = Path(settings.MEDIA_ROOT)
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def redis_text() -> str:
    """Return everything in the broker and the cache, keys and values."""
    location = settings.CACHES["default"]["LOCATION"]
    with redis.Redis.from_url(location) as cache:
        found = list(_everything(cache))
    with current_app.connection_for_read() as broker:
        client: Any = broker.default_channel.client  # type: ignore[attr-defined]
        found += _everything(client)
    return "\n".join(found)


def server_log() -> str:
    """Return what the embedded servers logged; nothing where they are not ours."""
    if not settings.USES_EMBEDDED_DATABASE:
        return ""
    log = embedded.state_dir() / "services" / "log"
    return log.read_text(errors="replace") if log.exists() else ""


def _pg_dump() -> Path | None:
    if settings.USES_EMBEDDED_DATABASE:
        return embedded.pg_bin() / "pg_dump"
    found = shutil.which("pg_dump")
    return Path(found) if found else None


def copied() -> str:
    """Return the same as ``pg_dump`` would: each table as COPY writes it."""
    parts: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum)"
            " FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
            " WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
            " GROUP BY 1, 2 ORDER BY 1, 2"
        )
        for schema, name, columns in cursor.fetchall():
            parts.append(f"COPY {schema}.{name} ({', '.join(columns)}) FROM stdin;")
            query = f'COPY (SELECT * FROM "{schema}"."{name}") TO STDOUT'
            with cursor.copy(query) as rows:
                content = b"".join(bytes(row) for row in rows)
            parts += [content.decode().rstrip("\n"), "\\."]
    return "\n".join(parts)


def _everything(client: Any) -> Iterator[str]:
    for key in client.scan_iter("*", count=1000):
        for value in [key, *_values(client, key)]:
            text = value.decode(errors="replace") if isinstance(value, bytes) else value
            yield str(text)
            # Celery packs the bodies of its messages.
            for packed in re.findall(r"[A-Za-z0-9+/]{16,}={0,2}", str(text)):
                with contextlib.suppress(binascii.Error):
                    yield base64.b64decode(packed).decode(errors="replace")


def _values(client: Any, key: Any) -> list[Any]:
    kind = client.type(key)
    match kind.decode() if isinstance(kind, bytes) else kind:
        case "string":
            return [client.get(key)]
        case "list":
            return list(client.lrange(key, 0, -1))
        case "hash":
            return [part for pair in client.hgetall(key).items() for part in pair]
        case "set":
            return list(client.smembers(key))
        case "zset":
            return list(client.zrange(key, 0, -1))
    return []
