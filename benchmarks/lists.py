"""The contact list and search, as a salesperson opens them, beside plain SQL.

Ours is everything the request asks of the database, log-in, rights and the audit entry
included. The worst of all sorted columns, filters and terms counts.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any

from benchmarks import population
from benchmarks.harness import Measurement, benchmark, say
from benchmarks.staff import Staff, quickest

ROUNDS = 15
DEEP_ROUNDS = 5
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
OFFSET = (
    "SELECT * FROM contacts_contact ORDER BY created_at DESC, id LIMIT %s OFFSET %s"
)
FIRST_PAGES = (
    "",
    "o=0",
    "o=-0",
    "o=6",
    "relationship__exact=customer",
    "relationship__exact=other",
    "source__exact=staff",
    "source__exact=api",
    "language__exact=en",
    "language__exact=sv&o=0",
    "created_at_from={month}",
    "created_at_from={month}&o=0",
    "created_at_to={month}",
    # Several at once: each leaves many, together they leave a few thousand, or nobody.
    "source__exact=staff&language__exact=en",
    "relationship__exact=customer&source__exact=staff&language__exact=sv",
    "relationship__exact=prospect&source__exact=staff&language__exact=en&o=0",
    "relationship__exact=prospect&source__exact=api&language__exact=en&o=-0",
    "relationship__exact=prospect&language__exact=en&created_at_to={month}",
)


@benchmark("list_first", unit="ms", goal=3, better="lower")
def first_page_of_contacts(scale: int) -> Measurement:
    """The first page, sorted and filtered in every way."""
    population.fill(scale)
    seller = Staff("sales")
    month = _a_month_ago()
    pages = [f"{LIST}?{page.format(month=month)}" for page in FIRST_PAGES]
    return _worst(pages, seller, functools.partial(_rows, KEYSET), rounds=ROUNDS)


@benchmark("list_deep", unit="ms", goal=0.1, better="lower")
def a_deep_page_of_contacts(scale: int) -> Measurement:
    """Page 10,000, or the one in the middle of fewer, beside the plain OFFSET query."""
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
            if len(answer.statements) > MOST_QUERIES:
                raise RuntimeError(f"{address} takes {len(answer.statements)} queries.")
            seconds = _seconds(reference)
            if measured:
                answers.append(answer)
                plain.append(seconds)
        result = Measurement(quickest(answers) * 1000, min(plain) * 1000)
        say(f"  {result.ours:7.2f} ms, plain {result.reference:7.2f} ms  {address}")
        found.append(result)
    return max(found, key=lambda each: each.ours / each.reference)


def _rows(sql: str, *params: int) -> list[Any]:
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


@benchmark("search", unit="ms", goal=20, better="lower")
def finding_people(scale: int) -> Measurement:
    """The first 20 of every kind of term, beside the prefix query of each of its words."""
    population.fill(scale)
    found = []
    for term in _terms():
        ours, plain = [], []
        for measured in (False, *[True] * ROUNDS):
            first = _seconds(functools.partial(_search, term))
            second = _seconds(functools.partial(_look_up, term))
            if measured:
                ours.append(first)
                plain.append(second)
        result = Measurement(min(ours) * 1000, min(plain) * 1000)
        say(f"  {result.ours:7.2f} ms, plain {result.reference:7.2f} ms  {term[:40]}")
        found.append(result)
    return max(found, key=lambda each: each.ours / each.reference)


def _search(term: str) -> list[Any]:
    from contacts import selectors

    return list(selectors.search(term, most=FOUND))


def _look_up(term: str) -> None:
    from contacts import selectors

    for prefix in selectors.prefixes_of(term) or ["nothing"]:
        _found(prefix)


def _found(prefix: str) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.* FROM (SELECT contact_id FROM contacts_contactword"
            " WHERE word LIKE %s LIMIT 20) w JOIN contacts_contact c ON c.id = w.contact_id",
            [f"{prefix}%"],
        )
        return list(cursor.fetchall())


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
