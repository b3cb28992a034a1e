"""What the person is known by: gathered before an erasure, sealed until its search is over.

The erasure deletes what identifies the person, and the search afterwards needs just
that. So it is encrypted into the record of the erasure, in the same transaction, with
a key that is not in the database, and emptied when the search found nothing.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from dsar.mentions.known_by import FullName, Identity, full_name, full_names
from dsar.models import Request
from dsar.scope import KIND, Scope, for_people, rows_in_roles
from dsar.services.erasure_rows import entries, with_columns
from register.datamap.declarations import WithParent
from register.datamap.graph import Entry, graph
from register.datamap.vocabulary import Erasure, Identifier
from register.errors import DomainError
from register.identifiers import (
    name_words,
    try_normalise_email,
    try_normalise_phone,
)

# A person may be in a million rows, but is not known by more than this.
MOST_VALUES = 5_000
_NONCE = 12

Fields = list[tuple[str, tuple[Identifier, ...]]]


def gather(request: Request, scope: Scope) -> Identity:
    """Return everything by which the persons of a request can be recognised.

    Comes from the fields that the data map says identify a person, in rows that are
    the person's own, and from what the request itself names. Addresses and numbers
    that other people have as their own too (a switchboard) are left out.
    """
    found = _Gathered(keys=[str(key) for key in scope.subject_ids])
    for entry, fields, values in _values(scope):
        found.take(entry, fields, values)
    for line in request.identifiers:
        found.take_line(line)
    identity = found.identity()
    return identity.without(_shared(identity, scope))


def seal(identity: Identity, *, purpose: str) -> str:
    """Return an identity encrypted for one record; ``purpose`` names the record."""
    key_id, cipher = next(_ciphers())
    nonce = os.urandom(_NONCE)
    plain = json.dumps(dataclasses.asdict(identity)).encode()
    sealed = nonce + cipher.encrypt(nonce, plain, purpose.encode())
    return f"{key_id}:{base64.b64encode(sealed).decode()}"


def unseal(sealed: str, *, purpose: str) -> Identity:
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
    plain = json.loads(opened)
    names = [
        FullName(tuple(name["given"]), tuple(name["family"]))
        for name in plain.pop("names")
    ]
    lists = {field: tuple(values) for field, values in plain.items()}
    return Identity(names=tuple(names), **lists)


@dataclasses.dataclass(slots=True)
class _Gathered:
    """The running lists of one gathering."""

    keys: list[str]
    emails: list[str] = dataclasses.field(default_factory=list)
    phones: list[str] = dataclasses.field(default_factory=list)
    names: list[FullName] = dataclasses.field(default_factory=list)
    words: list[str] = dataclasses.field(default_factory=list)
    phrases: list[str] = dataclasses.field(default_factory=list)
    family: set[str] = dataclasses.field(default_factory=set)

    def take(
        self,
        entry: Entry,
        fields: Fields,
        values: tuple[Any, ...],
    ) -> None:
        """Add one row's identifying values."""
        parts = []
        for (_name, kinds), value in zip(fields, values, strict=True):
            text = str(value or "").strip()
            if not text:
                continue
            if Identifier.NAME in kinds:
                parts.append(text)
            elif Identifier.EMAIL in kinds or Identifier.PHONE in kinds:
                self._take_address(text, kinds)
            elif Identifier.ADDRESS in kinds:
                self.phrases.append(text)
        if entry is graph().root(KIND) and len(parts) > 1:
            # First names and family name in fields of their own.
            name = full_name(" ".join(parts[:-1]), parts[-1])
            if name is not None:
                self.names.append(name)
                self.family |= set(name.family)
            self.words += parts
        else:
            self._take_name(" ".join(parts))

    def take_line(self, line: str) -> None:
        """Add something a person wrote, whatever it is."""
        email = try_normalise_email(line)
        phone = None if email else try_normalise_phone(line)
        if email:
            self.emails.append(email)
        elif phone and sum(c.isalpha() for c in line) < 4:
            self.phones.append(phone)
        elif not any(character.isdigit() for character in line):
            self._take_name(line)
        else:
            self.phrases.append(line)

    def identity(self) -> Identity:
        """Return the whole, each thing once."""
        return Identity(
            emails=_once(self.emails),
            phones=_once(self.phones),
            names=tuple(dict.fromkeys(self.names)),
            words=_once(self.words),
            phrases=_once(text for text in self.phrases if len(text) > 4),
            keys=_once(self.keys),
        )

    def _take_address(self, text: str, kinds: tuple[Identifier, ...]) -> None:
        email = try_normalise_email(text) if Identifier.EMAIL in kinds else None
        if email:
            self.emails.append(email)
        elif Identifier.PHONE in kinds and (phone := try_normalise_phone(text)):
            self.phones.append(phone)

    def _take_name(self, text: str) -> None:
        names = full_names(text, self.family)
        self.names += names
        if not names and len(name_words(text)) == 1:
            self.words.append(text)


def _identifying(entry: Entry) -> Fields:
    return [
        (name, personal.identifies)
        for name, personal in entry.map.personal_fields()
        if personal.identifies and Identifier.ID not in personal.identifies
    ]


def _values(scope: Scope) -> Iterator[tuple[Entry, Fields, tuple[Any, ...]]]:
    """Yield the identifying values of the persons' own rows, the person's record first.

    One query for all tables; equal rows come once.
    """
    if scope.is_empty:
        return
    sql, params = for_people("erasure_identity", _values_sql, scope)
    sources = _sources()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        for place, values in sorted(cursor.fetchall(), key=lambda row: row[0]):
            entry, fields = sources[place]
            yield entry, fields, tuple(values)


def _sources() -> list[tuple[Entry, Fields]]:
    root = graph().root(KIND)
    found = sorted(entries(), key=lambda entry: entry is not root)
    return [(entry, fields) for entry in found if (fields := _identifying(entry))]


def _values_sql(scope: Scope) -> str:
    parts = []
    for place, (entry, fields) in enumerate(_sources()):
        meta = entry.model._meta
        columns = ", ".join(
            f't0."{meta.get_field(name).column}"::text'  # type: ignore[union-attr]
            for name, _kinds in fields
        )
        for rows in rows_in_roles(entry, scope):
            if rows.subject.erasure in (Erasure.SCRUB, Erasure.DELETE_WHEN_LAST):
                continue  # what identifies others, too
            sql = with_columns(entry, rows.sql, f"DISTINCT {place}, ARRAY[{columns}]")
            parts.append(f"({sql} LIMIT {MOST_VALUES})")
    return " UNION ALL ".join(parts)


def _shared(identity: Identity, scope: Scope) -> set[str]:
    """Return the addresses and numbers that other contacts have as their own too."""
    values = [*identity.emails, *identity.phones]
    found: set[str] = set()
    root = graph().root(KIND)
    for entry in entries():
        retention = entry.map.retention
        is_detail = isinstance(retention, WithParent) and (
            entry.model._meta.get_field(retention.parent).remote_field.model  # type: ignore[union-attr]
            is root.model
        )
        if not values or not is_detail:
            continue
        for name, kinds in _identifying(entry):
            if Identifier.EMAIL in kinds or Identifier.PHONE in kinds:
                found |= _values_of_others(entry, name, values, scope)
    return found


def _values_of_others(
    entry: Entry, name: str, values: list[str], scope: Scope
) -> set[str]:
    rows = entry.model._base_manager.filter(**{f"{name}__in": values})
    for subject in entry.subjects(KIND):
        rows = rows.exclude(
            **{f"{subject.lookup}__in": scope.subject_ids}, **subject.condition
        )
    return set(rows.order_by().values_list(name, flat=True))


def _once(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


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
