"""Fills the benchmark database with invented people, as a register of years looks.

``fill(1_000_000)`` takes a minute or two, and no time once they are there: benchmarks
share them and leave them as they are. Of a million people

* names repeat as they do in a country: about 200,000 different ones, the commonest a
  few hundred times; 95 % have an e-mail address, 85 % a telephone number, some two;
* seven in ten have a role at one of 50,000 companies, one in twenty a role that ended;
  8 % are reached through the number of their company, which they share;
* three in ten have a postal address;
* all have the search words that ``contacts.services.search_words`` would write: about
  eleven each, 11,000,000 rows (a test compares).

Everything goes in by SQL, without the indexes, which are made afterwards.
"""

from __future__ import annotations

import contextlib
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from benchmarks.invented import (
    FIRST_NAMES,
    LAST_NAMES,
    PROVIDERS,
    STREETS,
    TOWNS,
    business_id_of,
    company_name,
    domain_of,
    slug,
)

# Marks the people made here.
# Who looks after some of the people.
SELLER = "seller@benchmark.example"
SOURCE_DETAIL = "benchmark population"
PEOPLE_OF_A_COMPANY = 20

TABLES = (
    "contacts_company",
    "contacts_companyword",
    "contacts_contact",
    "contacts_contactpoint",
    "contacts_affiliation",
    "contacts_postaladdress",
    "contacts_contactword",
)

# A power of a random number: few names are common, many are rare.
_PEOPLE = """
CREATE TEMP TABLE person ON COMMIT DROP AS
SELECT made.n, gen_random_uuid() AS id, f.name AS first_name, l.name AS last_name,
    f.words || l.words AS words, c.id AS company_id, c.words AS company_words,
    CASE WHEN chance[4] < 0.95 THEN
        f.slug || '.' || l.slug || made.n || '@' || coalesce(c.domain, made.provider) END AS email,
    CASE WHEN chance[5] < 0.05 THEN f.slug || made.n || '@' || made.provider END AS second_email,
    CASE WHEN chance[5] < 0.80 OR chance[4] >= 0.95 THEN
        '+3584' || lpad((made.n %% 100000000)::text, 8, '0') END AS mobile,
    CASE WHEN chance[5] BETWEEN 0.77 AND 0.88 THEN c.switchboard END AS switchboard,
    made.chance, made.age
FROM (
    SELECT n, power(random(), 1.7) AS first, power(random(), 2.0) AS last,
        CASE WHEN random() < 0.7 THEN n / %(people)s END AS company,
        (%(providers)s::text[])[1 + floor(random() * %(provider_count)s)::int]
            || '.example' AS provider,
        ARRAY[random(), random(), random(), random(), random()] AS chance,
        random() * interval '1000 days' AS age
    FROM generate_series(%(first)s, %(last)s) n) made
JOIN name f ON NOT f.is_last AND f.place = floor(made.first * %(first_names)s)::int
JOIN name l ON l.is_last AND l.place = floor(made.last * %(last_names)s)::int
LEFT JOIN firm c ON c.place = made.company
ORDER BY made.n
"""
_CONTACTS = """
INSERT INTO contacts_contact (id, first_name, last_name, language, relationship, source,
    source_detail, created_at, updated_at, responsible_id, team_id)
SELECT id, first_name, last_name,
    CASE WHEN chance[1] < 0.75 THEN 'fi' WHEN chance[1] < 0.85 THEN 'sv'
        WHEN chance[1] < 0.9 THEN 'en' ELSE '' END,
    CASE WHEN chance[2] < 0.6 THEN 'customer' ELSE 'prospect' END,
    CASE WHEN chance[3] < 0.3 THEN 'person' WHEN chance[3] < 0.5 THEN 'staff'
        ELSE 'import' END,
    %(source)s, now() - age, now() - age,
    CASE WHEN n %% 50 = 0 THEN %(seller)s::uuid END, CASE WHEN n %% 10 = 0 THEN %(team)s END
FROM person
"""
_POINTS = """
INSERT INTO contacts_contactpoint (contact_id, kind, value, label, is_primary, source, created_at)
SELECT id, kind, value, label, is_primary, 'import', now() - age
FROM person, LATERAL (VALUES
    ('email', email, '', true), ('email', second_email, '', email IS NULL),
    ('phone', mobile, 'mobile', true), ('phone', switchboard, '', mobile IS NULL)
) point (kind, value, label, is_primary)
WHERE value IS NOT NULL
"""
_ROLES = """
INSERT INTO contacts_affiliation (contact_id, company_id, job_title, valid_to, source, created_at)
SELECT id, company_id, (ARRAY['', 'Ostopäällikkö', 'Toimitusjohtaja', 'Asiantuntija'])[1 + n %% 4],
    CASE WHEN chance[3] >= 0.95 THEN current_date - 30 END, 'import', now() - age
FROM person WHERE company_id IS NOT NULL
"""
_ADDRESSES = """
INSERT INTO contacts_postaladdress (contact_id, street, postcode, town, country, source, created_at)
SELECT id, (%(streets)s::text[])[1 + n %% %(street_count)s] || ' ' || 1 + n %% 90,
    lpad((n %% 100 * 10)::text, 5, '0'), (%(towns)s::text[])[1 + n %% %(town_count)s],
    'FI', 'import', now() - age
FROM person WHERE chance[2] < 0.3
"""
# What is null adds nothing.
_WORDS = """
INSERT INTO contacts_contactword (contact_id, word)
SELECT id, word FROM person, LATERAL (
    SELECT DISTINCT unnest(words
        || CASE WHEN chance[3] < 0.95 THEN company_words END
        || email || split_part(email, '@', 2)
        || string_to_array(translate(email, '@.-', '   '), ' ')
        || second_email || split_part(second_email, '@', 2)
        || string_to_array(translate(second_email, '@.-', '   '), ' ')
        || ARRAY[substr(mobile, 2), '0' || substr(mobile, 5)]
        || ARRAY[substr(switchboard, 2), '0' || substr(switchboard, 5)]
        || CASE WHEN email IS NULL AND second_email IS NULL THEN '=no_email' END
        || CASE WHEN mobile IS NULL AND switchboard IS NULL THEN '=no_phone' END
        || CASE WHEN company_id IS NULL OR chance[3] >= 0.95 THEN '=no_role' END)) found (word)
WHERE word IS NOT NULL
"""


def fill(count: int) -> None:
    """Make sure that there are so many people; those there already stay.

    The tables are vacuumed each time, as autovacuum keeps them: what other benchmarks
    added and took away since would keep lists from walking indexes alone.
    """
    from django.db import connection

    _fill(count)
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")


def _fill(count: int) -> None:
    from django.db import connection, transaction

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM contacts_contact WHERE source_detail = %s",
            [SOURCE_DETAIL],
        )
        there = cursor.fetchone()[0]
    if there >= count:
        return
    sys.stdout.write(f"  making {count - there:,} people … ")
    sys.stdout.flush()
    began = time.monotonic()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        # Making an index anew is quicker than adding a fifth to it, not less.
        bulk = (
            _without_indexes(cursor)
            if count - there > there // 5
            else contextlib.nullcontext()
        )
        with bulk:
            _add(cursor, first=there + 1, last=count)
    sys.stdout.write(f"{time.monotonic() - began:.0f} s\n")


def _add(cursor: Any, *, first: int, last: int) -> None:
    seller, team = looking_after()
    _names(cursor)
    _companies(
        cursor,
        range(-(-first // PEOPLE_OF_A_COMPANY), last // PEOPLE_OF_A_COMPANY + 1),
    )
    cursor.execute("SELECT setseed(0.5)")
    parameters = {
        "first": first,
        "last": last,
        "people": PEOPLE_OF_A_COMPANY,
        "first_names": len(FIRST_NAMES),
        "last_names": len(LAST_NAMES),
        "providers": list(PROVIDERS),
        "provider_count": len(PROVIDERS),
        "streets": list(STREETS),
        "street_count": len(STREETS),
        "towns": list(TOWNS),
        "town_count": len(TOWNS),
        "source": SOURCE_DETAIL,
        "seller": seller,
        "team": team,
    }
    for statement in (
        _PEOPLE,
        _CONTACTS,
        _POINTS,
        _ROLES,
        _ADDRESSES,
        _WORDS,
    ):
        cursor.execute(statement, parameters)


def looking_after() -> tuple[uuid.UUID, int]:
    """Return the seller of one person in fifty, and the team of one in ten."""
    from register.models import Team, TeamMembership, User

    seller, _ = User.objects.get_or_create(
        email=SELLER, defaults={"first_name": "Looking", "last_name": "After"}
    )
    team, _ = Team.objects.get_or_create(name="Benchmark")
    TeamMembership.objects.get_or_create(team=team, user=seller)
    return seller.pk, team.pk


def _names(cursor: Any) -> None:
    """Make a table of first and last names with their search words."""
    from register.identifiers import search_words

    cursor.execute(
        "CREATE TEMP TABLE name (is_last bool, place int, name text, slug text,"
        " words text[]) ON COMMIT DROP"
    )
    _copy(
        cursor,
        "name",
        "is_last, place, name, slug, words",
        (
            (is_last, place, name, slug(name), search_words(name))
            for is_last, names in ((False, FIRST_NAMES), (True, LAST_NAMES))
            for place, name in enumerate(names)
        ),
    )


def _companies(cursor: Any, places: Iterable[int]) -> None:
    """Add companies, with their words, and a table of them for the people."""
    from django.utils import timezone

    from contacts.services.search_words import key_of_company
    from register.identifiers import search_words

    now = timezone.now()
    rows = []
    for place in places:
        name = company_name(place)
        # One in twenty has told no business id.
        business_id = "" if place % 20 == 7 else business_id_of(place)
        words = sorted({*search_words(name), *search_words(business_id)})
        rows.append((place, uuid.uuid4(), name, business_id, words))
    _copy(
        cursor,
        "contacts_company",
        "id, name, kind, business_id, street, postcode, town, source, created_at, updated_at",
        (
            (
                pk,
                name,
                "sole_trader" if name.startswith("Tmi") else "company",
                business_id,
                f"{STREETS[place % len(STREETS)]} {place % 90 + 1}",
                f"{place % 100 * 10:05}",
                TOWNS[place % len(TOWNS)],
                "public",
                now,
                now,
            )
            for place, pk, name, business_id, _words in rows
        ),
    )
    _copy(
        cursor,
        "contacts_companyword",
        "company_id, word",
        (
            (pk, word)
            for _place, pk, name, _id, words in rows
            for word in (*words, key_of_company(name))
        ),
    )
    cursor.execute(
        "CREATE TEMP TABLE firm (place int, id uuid, domain text, switchboard text,"
        " words text[]) ON COMMIT DROP"
    )
    _copy(
        cursor,
        "firm",
        "place, id, domain, switchboard, words",
        (
            (place, pk, domain_of(name, place), f"+3589{1_000_000 + place}", words)
            for place, pk, name, _id, words in rows
        ),
    )
    cursor.execute("ANALYZE firm")


@contextlib.contextmanager
def _without_indexes(cursor: Any) -> Iterator[None]:
    """Drop what slows the filling, in the same transaction, and make it anew."""
    cursor.execute(
        """
        SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
        FROM pg_constraint WHERE conrelid = ANY(%s::regclass[]) AND contype IN ('f', 'u')
        """,
        [list(TABLES)],
    )
    constraints = cursor.fetchall()
    cursor.execute(
        """
        SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
        FROM pg_index i WHERE i.indrelid = ANY(%s::regclass[])
          AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)
        """,
        [list(TABLES)],
    )
    indexes = cursor.fetchall()
    for table, name, _definition in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    for _name, definition in indexes:
        cursor.execute(definition)
    for table, name, definition in constraints:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _copy(
    cursor: Any, table: str, columns: str, rows: Iterable[tuple[object, ...]]
) -> None:
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
