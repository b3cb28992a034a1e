"""Records that lead to no contact, but by an address or number to one of many people.

In a request about one person somebody confirms each of them. Of thousands nobody could:
what is surely theirs is confirmed when the erasure is planned, and what may be another's
is left to be judged.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.utils.translation import gettext_lazy as _

from dsar.models import Request, RequestEvent, RequestRecord
from dsar.scope import KIND, Scope
from dsar.services import requests
from dsar.services.erasure_identity import Gathered
from dsar.services.erasure_people import others_in
from dsar.services.erasure_reading import NORMAL, compared
from dsar.services.erasure_sql import Keys
from dsar.services.erasure_texts import pieces
from register import audit
from register.actors import Actor
from register.database.visibility import choosing_rows
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.vocabulary import Identifier

_BATCH = 2_000

audit.register_actions(
    {
        "request.records_confirmed": _(
            "confirmed records without a contact for a request about many people"
        ),
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Loose:
    """Records that lead to no contact, by table: the persons', and those to be judged."""

    own: Keys
    undecided: Keys

    @property
    def all(self) -> Keys:
        """All of them."""
        return {
            label: self.own.get(label, set()) | self.undecided.get(label, set())
            for label in {*self.own, *self.undecided}
        }


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    label: str
    key: Any
    # Addresses and numbers as they are compared, by column.
    values: dict[str, str]


def find(gathered: Gathered, scope: Scope) -> Loose:
    """Return the records that hold an address or number of somebody in ``scope``.

    They are the persons' if all their addresses and numbers are and nobody else in the
    register, staff included, has one of these or was met with it.
    """
    rows, others = _loose_rows(gathered, scope)
    own: Keys = defaultdict(set)
    undecided: Keys = defaultdict(set)
    for row in rows:
        is_own = gathered.addresses.issuperset(row.values.values())
        is_own = is_own and others.isdisjoint(row.values.values())
        (own if is_own else undecided)[row.label].add(row.key)
    return Loose(dict(own), dict(undecided))


def confirm(request: Request, own: Keys, *, actor: Actor) -> None:
    """Make these the records of the request, instead of those it had."""
    request.records.all().delete()
    RequestRecord.objects.bulk_create(
        (
            RequestRecord(request=request, table=label, row_key=str(key))
            for label, keys in sorted(own.items())
            for key in sorted(keys)
        ),
        batch_size=_BATCH,
    )
    if own:
        counts = {label: len(keys) for label, keys in sorted(own.items())}
        requests.add_event(request, RequestEvent.Kind.IDENTIFIED, actor=actor)
        requests.record(
            "request.records_confirmed", request, actor=actor, counts=counts
        )


def shared_places(gathered: Gathered, scope: Scope) -> Counter[str]:
    """Return where addresses and numbers are left that others have, too.

    ``{place: number of records}``, of those without a contact. The search after an
    erasure looks only for what is the persons' alone.
    """
    found: Counter[str] = Counter()
    for row in _loose_rows(gathered, scope)[0]:
        table = graph()[row.label].model._meta.db_table
        found.update(
            f"{table}.{column}"
            for column, value in row.values.items()
            if value in gathered.shared
        )
    return found


@choosing_rows()
def _loose_rows(gathered: Gathered, scope: Scope) -> tuple[list[_Row], set[str]]:
    """Return the records without a contact, and what others have of the persons'."""
    known = gathered.addresses | gathered.shared
    people = set(scope.subject_ids)
    loose: list[_Row] = []
    others = set(gathered.shared)
    for entry, columns in _sources():
        rows = [
            row
            for row in _possible_rows(entry, columns, known)
            if not known.isdisjoint(row.values.values())
        ]
        reached = others_in(entry, [row.key for row in rows], ())
        # As everywhere in an erasure: nothing of staff is a contact's alone.
        is_of_staff = {subject.kind for subject in entry.map.subjects} != {KIND}
        for row in rows:
            if is_of_staff or reached.get(row.key, set()) - people:
                others.update(row.values.values())
            elif row.key not in reached:
                loose.append(row)
    return loose, others


def _possible_rows(
    entry: Entry, columns: list[str], known: frozenset[str]
) -> Iterator[_Row]:
    """Yield the rows with one of the values, and those not written in normal form."""
    meta = entry.model._meta
    condition = " OR ".join(
        f't0."{column}" = ANY(%s) OR (t0."{column}" <> \'\' AND t0."{column}" !~ %s)'
        for column in columns
    )
    listed = ", ".join(f't0."{column}"' for column in columns)
    values = sorted(known)
    with connection.chunked_cursor() as cursor:
        cursor.execute(
            f'SELECT t0."{meta.pk.column}", {listed} FROM "{meta.db_table}" t0'  # noqa: S608 - identifiers come from model metadata
            f" WHERE {condition}",
            [values, f"^({NORMAL.pattern})$"] * len(columns),
        )
        for key, *texts in pieces(cursor):
            written = zip(columns, texts, strict=True)
            yield _Row(
                entry.label,
                key,
                {name: compared(text) for name, text in written if text},
            )


@kept_with_map
def _sources() -> list[tuple[Entry, list[str]]]:
    """Return the columns with addresses and numbers that say who somebody is."""
    found = []
    for entry in graph().personal():
        columns = [
            str(entry.model._meta.get_field(name).column)  # type: ignore[union-attr]
            for name, personal in entry.map.personal_fields()
            if {Identifier.EMAIL, Identifier.PHONE} & set(personal.identifies)
        ]
        if columns:
            found.append((entry, columns))
    return found
