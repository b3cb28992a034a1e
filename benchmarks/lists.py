"""The contact list and search, as a salesperson opens them, beside plain SQL.

Ours is everything the request asks of the database, log-in, rights and the audit entry
included. The worst of all sorted columns, filters and terms counts.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import parse_qsl

from benchmarks import population
from benchmarks.harness import Measurement, benchmark, say
from benchmarks.staff import Staff, quickest

ROUNDS = 15
DEEP_ROUNDS = 2
LIST = "/admin/contacts/contact/"
MOST_QUERIES = 12
DEEP_PAGE = 10_000
PER_PAGE = 50

# What a page shows, by keyset: the rows, their main addresses, where they work.
KEYSET = """
    SELECT c.*, e.value, p.value, work.names
    FROM (SELECT * FROM contacts_contact ORDER BY created_at DESC, id LIMIT 50) c
    LEFT JOIN contacts_contactpoint e ON e.contact_id = c.id AND e.kind = 'email' AND e.is_primary
    LEFT JOIN contacts_contactpoint p ON p.contact_id = c.id AND p.kind = 'phone' AND p.is_primary
    LEFT JOIN LATERAL (
        SELECT array_agg(o.name) AS names FROM contacts_affiliation a
        JOIN contacts_company o ON o.id = a.company_id
        WHERE a.contact_id = c.id AND (a.valid_to IS NULL OR a.valid_to >= current_date)
    ) work ON true
    ORDER BY c.created_at DESC, c.id
"""
# The same as a paginator asks for it.
OFFSET = """
    SELECT c.*,
        (SELECT e.value FROM contacts_contactpoint e
            WHERE e.contact_id = c.id AND e.kind = 'email' AND e.is_primary),
        (SELECT p.value FROM contacts_contactpoint p
            WHERE p.contact_id = c.id AND p.kind = 'phone' AND p.is_primary),
        ARRAY(SELECT o.name FROM contacts_affiliation a
            JOIN contacts_company o ON o.id = a.company_id
            WHERE a.contact_id = c.id AND (a.valid_to IS NULL OR a.valid_to >= current_date))
    FROM contacts_contact c ORDER BY c.created_at DESC, c.id LIMIT %s OFFSET %s
"""
FIRST_PAGES = (
    "",
    "o=1",
    "o=-1",
    "o=7",
    "relationship__exact=customer",
    "relationship__exact=other",
    "source__exact=staff",
    "source__exact=api",
    "language__exact=en",
    "language__exact=sv&o=1",
    "created_at_from={month}",
    "created_at_from={month}&o=1",
    "created_at_to={month}",
    # Several at once: each leaves many, together they leave a few thousand, or nobody.
    "source__exact=staff&language__exact=en",
    "relationship__exact=customer&source__exact=staff&language__exact=sv",
    "relationship__exact=prospect&source__exact=staff&language__exact=en&o=1",
    "relationship__exact=prospect&source__exact=api&language__exact=en&o=-1",
    "relationship__exact=prospect&language__exact=en&created_at_to={month}",
)


# What the addresses above ask, in SQL.
ORDERS = {
    "": "created_at DESC, id",
    "7": "created_at, id",
    "1": "last_name, first_name, id",
    "-1": "last_name DESC, first_name DESC, id",
}
CONDITIONS = {
    "relationship__exact": "relationship = %s",
    "source__exact": "source = %s",
    "language__exact": "language = %s",
    "created_at_from": "created_at >= %s::date",
    "created_at_to": "created_at < %s::date + 1",
}

# Of those who may see all people, their own (20,000 of a million) or their team's.
LIMITED = ("own", "team")
SCOPES = ("all", *LIMITED)


@benchmark("list_first", unit="ms", goal=3, better="lower")
def first_page_of_contacts(scale: int) -> Measurement:
    """The first page, sorted and filtered in every way, under row security.

    Each is beside its own plain query, since a filter makes either read more; a page of
    nobody beside that of everybody, since the log-in costs the same.
    """
    return _worst_of(_first_pages(scale, "all"))


@benchmark("list_limited", unit="ms", goal=4, better="lower")
def first_page_of_some_contacts(scale: int) -> Measurement:
    """The same pages of who reaches only some people.

    What they may not see lies between what they may: whoever reads for a page reads more.
    """
    return _worst_of(each for scope in LIMITED for each in _first_pages(scale, scope))


def _first_pages(scale: int, scope: str) -> Iterator[Measurement]:
    population.fill(scale)
    staff = Staff("sales", scope=scope)
    everybody = functools.partial(_rows, KEYSET)
    for page in FIRST_PAGES:
        asked = page.format(month=_a_month_ago())
        plain = functools.partial(_plain_page, asked, staff)
        reference = plain if plain() else everybody
        yield _worst([f"{LIST}?{asked}"], staff, reference, rounds=ROUNDS)


def _plain_page(asked: str, staff: Staff) -> list[Any]:
    """Ask for what a page shows in plain SQL, which names those whom the reader reaches."""
    params: list[Any] = [] if staff.scope == "all" else [staff.user.pk]
    reached = {"all": "true", "own": "responsible_id = %s"}.get(staff.scope)
    if reached is None:
        reached = "(responsible_id = %s OR team_id = ANY(%s))"
        params.append(_teams(staff))
    conditions, order = [reached], ORDERS[""]
    for name, value in parse_qsl(asked):
        if name == "o":
            order = ORDERS[value]
        else:
            conditions.append(CONDITIONS[name])
            params.append(value)
    some = f"FROM contacts_contact WHERE {' AND '.join(conditions)} "
    plain = KEYSET.replace("FROM contacts_contact ", some, 1)
    return _rows(
        plain.replace("ORDER BY created_at DESC, id", f"ORDER BY {order}"), *params
    )


def _teams(staff: Staff) -> list[int]:
    from register.models import TeamMembership

    if staff.scope != "team":
        return []
    found = TeamMembership.objects.filter(user=staff.user)
    return list(found.values_list("team_id", flat=True))


@benchmark("list_deep", unit="ms", goal=0.1, better="lower")
def a_deep_page_of_contacts(scale: int) -> Measurement:
    """Page 10,000, or the one in the middle of fewer, beside the plain OFFSET query.

    That reads, and works out the columns of, everybody it skips.
    """
    population.fill(scale)
    page = min(DEEP_PAGE, scale // PER_PAGE // 2)
    reference = functools.partial(_rows, OFFSET, PER_PAGE, (page - 1) * PER_PAGE)
    pages = [f"{LIST}?p={page}"]
    return _worst(pages, Staff("sales"), reference, rounds=DEEP_ROUNDS)


def _worst(
    addresses: list[str], staff: Staff, reference: Callable[[], object], *, rounds: int
) -> Measurement:
    """Return the worst of several addresses beside the reference of the same minute."""
    found = []
    for address in addresses:
        answers, plain = [], []
        for measured in (False, *[True] * rounds):
            answer = staff.get(address)
            # The first of a process also looks up what it keeps.
            if measured and len(answer.statements) > MOST_QUERIES:
                raise RuntimeError(f"{address} takes {len(answer.statements)} queries.")
            seconds = _seconds(reference)
            if measured:
                answers.append(answer)
                plain.append(seconds)
        result = Measurement(quickest(answers) * 1000, min(plain) * 1000)
        say(
            f"  {result.ours:7.2f} ms, plain {result.reference:7.2f} ms  {staff.scope:4} {address}"
        )
        found.append(result)
    return _worst_of(found)


def _worst_of(found: Iterable[Measurement]) -> Measurement:
    return max(found, key=lambda each: each.ours / each.reference)


def _rows(sql: str, *params: Any) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return list(cursor.fetchall())


def _a_month_ago() -> str:
    from datetime import timedelta

    from django.utils import timezone

    return str(timezone.localdate() - timedelta(days=30))


# --- search ---------------------------------------------------------------------------

FOUND = 20
OF_ALL = """
    SELECT c.* FROM (SELECT contact_id FROM contacts_contactword WHERE word LIKE %s LIMIT 20) w
    JOIN contacts_contact c ON c.id = w.contact_id
"""
# Whom a seller or the seller's team looks after.
OF_SOME = """
    SELECT c.* FROM contacts_contactword w JOIN contacts_contact c ON c.id = w.contact_id
    WHERE w.word LIKE %s AND (c.responsible_id = %s OR c.team_id = ANY(%s)) LIMIT 20
"""


@benchmark("search", unit="ms", goal=20, better="lower")
def finding_people(scale: int) -> Measurement:
    """The first 20 of every kind of term, beside the prefix query of each of its words.

    Found by readers of three scopes, under row security.
    """
    population.fill(scale)
    found = []
    for scope in SCOPES:
        staff = Staff("sales", scope=scope)
        for term in _terms():
            ours, plain = [], []
            for measured in (False, *[True] * ROUNDS):
                with staff.reading():
                    first = _seconds(functools.partial(_search, staff, term))
                second = _seconds(functools.partial(_look_up, staff, term))
                if measured:
                    ours.append(first)
                    plain.append(second)
            result = Measurement(min(ours) * 1000, min(plain) * 1000)
            say(
                f"  {result.ours:7.2f} ms, plain {result.reference:7.2f} ms  {scope:4} {term[:40]}"
            )
            found.append(result)
    return _worst_of(found)


def _search(staff: Staff, term: str) -> list[Any]:
    from contacts import clear_words
    from contacts.models import Contact

    people = Contact.objects.all()
    return list(clear_words.people(people, term, reader=staff.user, most=FOUND))


def _look_up(staff: Staff, term: str) -> None:
    from contacts import selectors

    mine = staff.user.pk, _teams(staff)
    for prefix in selectors.prefixes_of(term) or ["nothing"]:
        if staff.scope == "all":
            _rows(OF_ALL, f"{prefix}%")
        else:
            _rows(OF_SOME, f"{prefix}%", *mine)


def _terms() -> list[str]:
    """Return terms of every kind, those of somebody in the middle of the table among them."""
    from contacts.models import Affiliation, Company, ContactPoint

    role = Affiliation.objects.filter(valid_to=None).order_by("pk")[0]
    somebody, company = role.contact, role.company
    points = ContactPoint.objects.order_by("contact_id")
    email = points.filter(kind="email")[0].value
    phone = points.filter(kind="phone")[0].value
    with_id = Company.objects.exclude(business_id="").order_by("pk")[0]
    return [
        "matti",
        "maria",
        "a",
        "m",
        "0",
        somebody.last_name,
        f"{somebody.first_name} {somebody.last_name}",
        "matti virtanen",
        "matti virta",
        "maria oy",
        "matti rakennus",
        "a m",
        "matti pekka",
        "maria anna helena oy",
        "matti haapaniemi",
        email,
        email.partition("@")[0],
        "posti.example",
        "maria posti",
        phone,
        f"0{phone[4:7]} {phone[7:10]}",
        f"00358 {phone[4:7]}",
        with_id.business_id,
        company.name,
        f"{company.name} {somebody.first_name}",
        "xyzzy",
        "qwertyuiop asdfghjkl",
        "matti xyzzy",
        "ångström åsa",
        "日本",
        "maria " * 50,
        "a" * 5_000,
    ]


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
