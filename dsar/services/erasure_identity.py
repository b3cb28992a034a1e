"""What persons are known by: gathered before an erasure, sealed until its search is over.

The erasure deletes what identifies the persons, and the search afterwards needs just
that. So it is encrypted into the record of the erasure, in the same transaction, with
a key that is not in the database, and emptied when the search found nothing.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import functools
import json
import os
import zlib
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from dsar.mentions.known_by import Known
from dsar.models import Request
from dsar.scope import KIND, RowsInRole, Scope, for_people, rows_in_roles
from dsar.services.erasure_reading import Facts, addresses, read
from dsar.services.erasure_rows import entries
from dsar.services.erasure_sql import with_columns
from register.database.arrays import array
from register.datamap.declarations import WithParent
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.vocabulary import Erasure, Identifier
from register.errors import DomainError

# A person may be in a million rows, but is not known by more than this.
MOST_VALUES = 5_000
_NONCE = 12

Fields = list[tuple[str, tuple[Identifier, ...]]]


@dataclasses.dataclass(frozen=True)
class Gathered:
    """What stands in the persons' rows, as the database has it.

    Working out what they are known by takes longer than erasing them: that is done
    when it is asked for, in most erasures only by the search afterwards.
    """

    facts: tuple[Facts, ...]
    # The keys of the persons' records. One person's, or of as many people.
    keys: tuple[str, ...]
    is_collective: bool = False
    # What the request itself names.
    lines: tuple[str, ...] = ()
    # Addresses and numbers that others have as their own too.
    shared: frozenset[str] = frozenset()

    @functools.cached_property
    def known(self) -> Known:
        """An identity for the person who asked, or for each of many."""
        alone: dict[str, tuple[str, ...]] = {key: (key,) for key in self.keys}
        return read(
            alone if self.is_collective else {"": self.keys},
            self.facts,
            self.lines,
            self.shared,
        )

    @functools.cached_property
    def addresses(self) -> frozenset[str]:
        """Every address and number that is nobody else's."""
        return frozenset(addresses(self.facts, self.lines) - self.shared)


def gather(request: Request, scope: Scope) -> Gathered:
    """Return everything by which the persons of a request can be recognised.

    Comes from the fields that the data map says identify a person, in rows that are
    the person's own, and from what the request itself names. Addresses and numbers
    that other people have as their own too (a switchboard) are left out.
    """
    # A record without a contact says nothing more of whose it is among many people.
    told_by = Scope(scope.subject_ids) if request.is_collective else scope
    found = Gathered(
        facts=tuple(_facts(told_by, each=request.is_collective)),
        keys=tuple(map(str, scope.subject_ids)),
        is_collective=request.is_collective,
        lines=() if request.is_collective else tuple(request.identifiers),
    )
    return dataclasses.replace(found, shared=_shared(found.addresses, scope))


def seal(gathered: Gathered, *, purpose: str) -> str:
    """Return what was gathered, encrypted for one record, which ``purpose`` names."""
    key_id, cipher = next(_ciphers())
    nonce = os.urandom(_NONCE)
    plain = json.dumps(dataclasses.asdict(gathered), default=list)
    packed = zlib.compress(plain.encode(), level=1)
    sealed = nonce + cipher.encrypt(nonce, packed, purpose.encode())
    return f"{key_id}:{base64.b64encode(sealed).decode()}"


def unseal(sealed: str, *, purpose: str) -> Gathered:
    """Return what was sealed. Refuses when the key is no longer among the keys."""
    # Imported here: it takes time, and only erasures need it.
    from cryptography.exceptions import InvalidTag

    key_id, _colon, text = sealed.partition(":")
    data = base64.b64decode(text)
    cipher = dict(_ciphers()).get(key_id)
    opened: bytes | None = None
    if cipher is not None:
        with contextlib.suppress(InvalidTag):
            opened = cipher.decrypt(data[:_NONCE], data[_NONCE:], purpose.encode())
    if opened is None:
        raise DomainError(
            "identifiers_lost",
            _(
                "What the person was known by can no longer be read, because its key is not among ADDRESS_HASH_KEYS any more; add the key again and search once more."
            ),
        )
    plain = json.loads(zlib.decompress(opened))
    return Gathered(
        facts=tuple(Facts(**each) for each in plain["facts"]),
        keys=tuple(plain["keys"]),
        is_collective=plain["is_collective"],
        lines=tuple(plain["lines"]),
        shared=frozenset(plain["shared"]),
    )


def _identifying(entry: Entry) -> Fields:
    return [
        (name, personal.identifies)
        for name, personal in entry.map.personal_fields()
        if personal.identifies and Identifier.ID not in personal.identifies
    ]


def _facts(scope: Scope, *, each: bool) -> Iterator[Facts]:
    """Yield the identifying values of the persons' own rows, a table's at a time.

    One query for all tables; equal rows come once. With ``each`` they come with the
    person's key, else with "".
    """
    if scope.is_empty:
        return
    make = _values_of_each_sql if each else _values_sql
    sql, params = for_people(f"erasure_identity_{each}", make, scope)
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for label, rows in cursor.fetchall():
            if rows is not None:
                fields = _identifying(graph()[label])
                yield Facts(
                    tuple(kinds for _name, kinds in fields),
                    rows,
                    is_root=label == graph().root(KIND).label,
                )


@kept_with_map
def _sources() -> list[tuple[Entry, Fields]]:
    root = graph().root(KIND)
    found = sorted(entries(), key=lambda entry: entry is not root)
    return [(entry, fields) for entry in found if (fields := _identifying(entry))]


def _values_sql(scope: Scope) -> str:
    return " UNION ALL ".join(
        _as_rows(
            entry,
            with_columns(entry, rows.sql, f"DISTINCT '' AS person, {columns}")
            + f" LIMIT {MOST_VALUES}",
        )
        for entry, rows, columns in _identifying_rows(scope)
    )


def _values_of_each_sql(scope: Scope) -> str:
    return " UNION ALL ".join(
        _as_rows(
            entry,
            with_columns(
                entry,
                rows.sql,
                f"DISTINCT {entry.sql_path(rows.subject).column} AS person, {columns}",
            ),
        )
        for entry, rows, columns in _identifying_rows(scope)
    )


def _as_rows(entry: Entry, values: str) -> str:
    """Return a query for a table's label and the rows of ``values`` as JSON."""
    fields = _identifying(entry)
    columns = ", ".join(f"v{place}" for place in range(len(fields)))
    return (
        f"SELECT '{entry.label}', json_agg(json_build_array(person, {columns}))::text"  # noqa: S608 - identifiers come from model metadata
        f" FROM ({values}) v"
    )


def _identifying_rows(scope: Scope) -> Iterator[tuple[Entry, RowsInRole, str]]:
    """Yield the persons' own rows with the columns to read."""
    for entry, fields in _sources():
        meta = entry.model._meta
        columns = ", ".join(
            f't0."{meta.get_field(name).column}"::text AS v{place}'  # type: ignore[union-attr]
            for place, (name, _kinds) in enumerate(fields)
        )
        for rows in rows_in_roles(entry, scope):
            if rows.subject.erasure in (Erasure.SCRUB, Erasure.DELETE_WHEN_LAST):
                continue  # what identifies others, too
            yield entry, rows, columns


def _shared(values: frozenset[str], scope: Scope) -> frozenset[str]:
    """Return the addresses and numbers that other contacts have as their own too."""
    found: set[str] = set()
    for table, column, owner in _own_addresses() if values else ():
        with connection.cursor() as cursor:
            cursor.execute(
                f'SELECT DISTINCT "{column}" FROM "{table}" WHERE "{column}" = ANY(%s)'  # noqa: S608 - names of the models
                f' AND "{owner}" NOT IN (SELECT unnest(%s::uuid[]))',
                [list(values), array(scope.subject_ids)],
            )
            found.update(value for (value,) in cursor.fetchall())
    return frozenset(found)


@kept_with_map
def _own_addresses() -> list[tuple[str, str, str]]:
    """Return where people's own addresses and numbers are: table, column, owner."""
    found = []
    for entry in entries():
        meta = entry.model._meta
        for name, kinds in _identifying(entry):
            owner = _owner_column(entry)
            if owner and (Identifier.EMAIL in kinds or Identifier.PHONE in kinds):
                column = meta.get_field(name).column  # type: ignore[union-attr]
                found.append((meta.db_table, str(column), owner))
    return found


def _owner_column(entry: Entry) -> str | None:
    """Return the column with the person of whose record the rows are details, if any."""
    retention = entry.map.retention
    if not isinstance(retention, WithParent):
        return None
    field = entry.model._meta.get_field(retention.parent)
    if field.remote_field.model is not graph().root(KIND).model:  # type: ignore[union-attr]
        return None
    return str(field.column)  # type: ignore[union-attr]


def _ciphers() -> Iterator[tuple[str, Any]]:
    """Yield the keys in force, newest first, each with its cipher."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    for line in settings.ADDRESS_HASH_KEYS:
        key_id, _colon, secret = line.partition(":")
        derived = HKDF(
            hashes.SHA256(), length=32, salt=None, info=b"seloste erasure identifiers"
        )
        yield key_id, AESGCM(derived.derive(secret.encode()))
