"""Comparing the whole base with itself, in the background.

Everybody with everybody would be a million million comparisons. So only those are
compared who share an address, a number, or a place (a company, a postal address) and
there one name and the initial of the other. Which these are is found in the database,
in tables of the session; how alike they are is then asked of :mod:`contacts.likeness`.

It can be run again at any time and begins anew: what it wrote it writes again.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.likeness import (
    Weights,
    address_key,
    features_of_companies,
    features_of_people,
    weights_for,
)
from contacts.likeness.companies import name_key
from contacts.likeness.people import without_particles
from contacts.likeness.words import plain
from contacts.models import (
    Company,
    CompanyPair,
    Contact,
    ContactPair,
    Feature,
    MatchKind,
    Pair,
    PostalAddress,
    Situation,
)
from contacts.services.duplicates.facts import (
    facts_of_companies,
    facts_of_people,
    holders_of_points,
    points_of,
)
from register import actors
from register.identifiers import name_words
from register.models import Job
from register.services import jobs

# Records read, or pairs compared, at a time: some 10 MB.
BATCH = 5_000
# More who share one thing are a switchboard or a list, and their pairs thousands.
MOST_ALIKE = 20
KIND_OF_JOB = "contacts.find_duplicates"
EVERY = timedelta(hours=23, minutes=50)

_POINTS = """
    INSERT INTO scan_pair
    SELECT DISTINCT a.contact_id, b.contact_id
    FROM contacts_contactpoint a
    JOIN contacts_contactpoint b
      ON b.value = a.value AND b.kind = a.kind AND b.contact_id > a.contact_id
    WHERE a.value IN (
        SELECT value FROM contacts_contactpoint
        GROUP BY value HAVING count(*) BETWEEN 2 AND %(most)s)
    ON CONFLICT DO NOTHING
"""
_PLACES = """
    INSERT INTO scan_place
    SELECT DISTINCT n.id, a.company_id::text || ' ' || n.key
    FROM scan_name n JOIN contacts_affiliation a ON a.contact_id = n.id
"""
_ADDRESSES = """
    INSERT INTO scan_place
    SELECT DISTINCT n.id, p.key || ' ' || n.key
    FROM scan_name n JOIN scan_address p ON p.id = n.id
"""
# Mail to anna+list@x.fi arrives at anna@x.fi, and Gmail reads no dots: what
# `likeness.people.mailbox_of` says, of those whom it says something.
_MAILBOXES = """
    INSERT INTO scan_place
    WITH box AS MATERIALIZED (
        SELECT contact_id, value,
            CASE WHEN domain IN ('gmail.com', 'googlemail.com')
                THEN replace(local, '.', '') || '@gmail.com'
                ELSE local || '@' || domain END AS key
        FROM (
            SELECT contact_id, value, split_part(value, '@', 2) AS domain,
                split_part(split_part(value, '@', 1), '+', 1) AS local
            FROM contacts_contactpoint
            WHERE kind = 'email' AND (value LIKE '%+%' OR value LIKE '%@gmail.com'
                OR value LIKE '%@googlemail.com')) p)
    SELECT contact_id, key FROM box
    UNION
    SELECT p.contact_id, p.value FROM contacts_contactpoint p
    WHERE p.kind = 'email' AND p.value IN (SELECT key FROM box WHERE key <> value)
"""
_SAME_PLACE = """
    INSERT INTO scan_pair
    SELECT DISTINCT a.id, b.id FROM scan_place a JOIN scan_place b
      ON b.key = a.key AND b.id > a.id
    WHERE a.key IN (
        SELECT key FROM scan_place GROUP BY key HAVING count(*) BETWEEN 2 AND %(most)s)
    ON CONFLICT DO NOTHING
"""
_NEXT = "SELECT first, second FROM scan_pair WHERE (first, second) > (%s, %s) ORDER BY first, second LIMIT %s"


def order_daily() -> Job | None:
    """Order a scan unless one was ordered within the last day."""
    today = timezone.now() - EVERY
    if Job.objects.filter(kind=KIND_OF_JOB, created_at__gt=today).exists():
        return None
    actor = actors.system("customer_relationship")
    return jobs.order(KIND_OF_JOB, object_id="", actor=actor)


@jobs.register_kind(KIND_OF_JOB, _("Find possible duplicates"))
def run(_object_id: str, progress: jobs.Progress) -> dict[str, int]:
    """Compare all people and all companies; return how many pairs are open now."""
    people, companies = Contact.objects.count(), Company.objects.count()
    progress.start(2 * (people + companies))
    done = _Done(progress)
    found = {
        "people": _scan_people(done),
        "companies": _scan_companies(done),
    }
    return found


class _Done:
    """Adds up how far a scan has come; the comparing counts like the reading."""

    def __init__(self, progress: jobs.Progress) -> None:
        self._progress, self._done = progress, 0

    def add(self, records: int) -> None:
        self._done += records
        self._progress.advance(min(self._done, self._progress.job.total))


def _scan_people(done: _Done) -> int:
    _make_tables()
    for rows in _batches(Contact, ("first_name", "last_name")):
        _copy("scan_name", ((pk, key) for pk, *name in rows for key in _keys(*name)))
        done.add(len(rows))
    for rows in _batches(PostalAddress, ("contact_id", "street", "postcode")):
        keyed = ((person, address_key(*place)) for _pk, person, *place in rows)
        _copy("scan_address", ((pk, key) for pk, key in keyed if key))
    _execute("ANALYZE scan_name", "ANALYZE scan_address", _PLACES, _ADDRESSES)
    _execute(_MAILBOXES)
    _execute("ANALYZE scan_place", _SAME_PLACE, _POINTS, "ANALYZE scan_pair")

    def compare(pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> list[list[Feature]]:
        known = facts_of_people({pk for pair in pairs for pk in pair})
        holders = holders_of_points(points_of(known.values()))
        return [
            features_of_people(known[one], known[other], holders=holders)
            if one in known and other in known
            else []
            for one, other in pairs
        ]

    return _compare_all(ContactPair, compare, weights_for(MatchKind.CONTACT), done)


def _scan_companies(done: _Done) -> int:
    _make_tables()
    for rows in _batches(Company, ("name", "street", "postcode")):
        _copy("scan_place", _places_of(rows))
        done.add(len(rows))
    _execute("ANALYZE scan_place", _SAME_PLACE, "ANALYZE scan_pair")

    def compare(pairs: Sequence[tuple[uuid.UUID, uuid.UUID]]) -> list[list[Feature]]:
        known = facts_of_companies({pk for pair in pairs for pk in pair})
        return [
            features_of_companies(known[one], known[other])
            if one in known and other in known
            else []
            for one, other in pairs
        ]

    return _compare_all(CompanyPair, compare, weights_for(MatchKind.COMPANY), done)


def _places_of(rows: Iterable[Sequence[Any]]) -> Iterable[tuple[Any, str]]:
    """Yield what companies are brought together by: the name, and the address with a word of it."""
    for pk, name, street, postcode in rows:
        words = name_key(name).split()
        if words:
            yield pk, "".join(words)
        if place := address_key(street, postcode):
            for word in words[:3]:
                yield pk, f"{place} {word[:4]}"


def _keys(first_name: str, last_name: str) -> set[str]:
    """Return one name with the initial of the other, both ways round.

    Each of several last names, since one may be left out; and one spelling for a sound.
    """
    first = [plain(word) for word in name_words(first_name)]
    last = [plain(word) for word in name_words(last_name)]
    if not (first and last):
        words = sorted(first + last)
        return {" ".join(words)} if len(words) > 1 else set()
    bare = without_particles(last)
    return {
        f"{''.join(last)} {first[0][0]}",
        f"{''.join(first)} {bare[0][0]}",
        *(f"{name} {first[0][0]}" for name in bare),
    }


def _compare_all(
    model: type[Pair],
    compare: Callable[[Sequence[tuple[uuid.UUID, uuid.UUID]]], list[list[Feature]]],
    weights: Weights,
    done: _Done,
) -> int:
    """Store the pairs that reach the threshold; forget open ones that no longer do."""
    started = timezone.now()
    threshold = weights.threshold(Situation.SCAN)
    last = (uuid.UUID(int=0), uuid.UUID(int=0))
    while pairs := _fetch(_NEXT, [*last, BATCH]):
        last = pairs[-1]
        alike = {
            pair: features
            for pair, features in zip(pairs, compare(pairs), strict=True)
            if weights.points(features) >= threshold
        }
        _store(model, alike, weights)
        done.add(len(pairs))
    # Found by an earlier scan and not by this one: somebody mended the records.
    open_pairs = model._default_manager.filter(state=Pair.State.OPEN)
    open_pairs.filter(found_at__lt=started).delete()
    return open_pairs.count()


def _store(
    model: type[Pair],
    alike: Mapping[tuple[uuid.UUID, uuid.UUID], list[Feature]],
    weights: Weights,
) -> None:
    if not alike:
        return
    with transaction.atomic(), connection.cursor() as cursor:
        # Whoever was erased meanwhile is left out; whom the insert names stays until it ends.
        table = model.of()._meta.db_table
        cursor.execute(
            f'SELECT id FROM "{table}" WHERE id = ANY(%s) ORDER BY id FOR KEY SHARE',  # noqa: S608 - a table of the model
            [sorted({pk for pair in alike for pk in pair})],
        )
        there = {row[0] for row in cursor.fetchall()}
        rows = [
            (one, other, weights.points(features), [str(each) for each in features])
            for (one, other), features in alike.items()
            if one in there and other in there
        ]
        cursor.executemany(
            f'INSERT INTO "{model._meta.db_table}"'  # noqa: S608
            " (first_id, second_id, points, features, state, found_at)"
            " VALUES (%s, %s, %s, %s, 'open', %s)"
            " ON CONFLICT (first_id, second_id) DO UPDATE SET"
            " points = excluded.points, features = excluded.features,"
            " found_at = excluded.found_at",
            [(*row, timezone.now()) for row in rows],
        )


def _make_tables() -> None:
    _execute(
        "DROP TABLE IF EXISTS scan_name, scan_address, scan_place, scan_pair",
        "CREATE TEMP TABLE scan_name (id uuid, key text)",
        "CREATE TEMP TABLE scan_address (id uuid, key text)",
        "CREATE TEMP TABLE scan_place (id uuid, key text)",
        "CREATE TEMP TABLE scan_pair (first uuid, second uuid, PRIMARY KEY (first, second))",
    )


def _batches(model: type[Any], columns: Sequence[str]) -> Iterable[list[Any]]:
    """Yield rows of a table, key first, in order of the key."""
    rows = model._default_manager.order_by("pk").values_list("pk", *columns)
    batch = list(rows[:BATCH])
    while batch:
        yield batch
        batch = list(rows.filter(pk__gt=batch[-1][0])[:BATCH])


def _copy(table: str, rows: Iterable[tuple[Any, str]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(
                statement, {"most": MOST_ALIKE} if "%(most)s" in statement else None
            )


def _fetch(sql: str, params: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
