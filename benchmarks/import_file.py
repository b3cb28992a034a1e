"""A file of people as it comes from a fair or another system, for measuring its import.

Of a hundred rows

* 62 bring new people, two thirds of them with a company: one that is registered, or
  one that is new too, with its business id;
* 30 bring people who are registered, half of them just as they are, half with
  something to add, a few under their telephone number alone;
* 5 say again what an earlier row said, in another spelling;
* 3 cannot be imported: no address, a broken one, a wrong check digit.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator

from benchmarks import population
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

# A column of the file, and what it means to the register.
COLUMNS = {
    "Etunimi": "first_name",
    "Sukunimi": "last_name",
    "Sähköposti": "email",
    "Puhelin": "phone",
    "Matkapuhelin": "mobile",
    "Tehtävä": "job_title",
    "Yritys": "company_name",
    "Y-tunnus": "business_id",
    "Katuosoite": "street",
    "Postinumero": "postcode",
    "Postitoimipaikka": "town",
    "Kieli": "language",
    "Lisätietoja": "",
    "Suoramarkkinointikielto": "marketing_prohibited",
}
# Beyond every company of the population.
_FIRST_NEW_COMPANY = 400_000
_SOME_REGISTERED = """
    SELECT c.first_name, c.last_name,
        max(p.value) FILTER (WHERE p.kind = 'email'),
        max(p.value) FILTER (WHERE p.kind = 'phone' AND p.label <> '')
    FROM (SELECT id, first_name, last_name FROM contacts_contact
        WHERE source_detail = %s ORDER BY created_at DESC LIMIT %s) c
    JOIN contacts_contactpoint p ON p.contact_id = c.id
    GROUP BY c.id, 1, 2
"""
_SOME_COMPANIES = """
    SELECT name, business_id FROM contacts_company
    WHERE business_id <> '' ORDER BY id LIMIT 10000
"""

Row = dict[str, str]


def lines(rows: int) -> Iterator[bytes]:
    """Yield a file of so many rows, the same for the same population."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";")
    writer.writerow(COLUMNS)
    for number, row in enumerate(_rows(rows)):
        writer.writerow([row.get(target, "") for target in COLUMNS.values()])
        if number % 1000 == 999:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def _rows(count: int) -> Iterator[Row]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            _SOME_REGISTERED, [population.SOURCE_DETAIL, max(count * 2 // 5, 10)]
        )
        registered = sorted(cursor.fetchall(), key=str)
        cursor.execute(_SOME_COMPANIES)
        companies = cursor.fetchall()
    chosen = random.Random(7)  # noqa: S311 - not a secret
    said: list[Row] = []
    for number in range(count):
        kind = chosen.random()
        if kind < 0.03:
            row = _broken(chosen, _new(number, chosen, companies))
        elif kind < 0.08 and said:
            row = _said_again(chosen.choice(said))
        elif kind < 0.38:
            row = _registered(number, chosen, registered)
        else:
            row = _new(number, chosen, companies)
            said.append(row)
        yield row


def _new(number: int, chosen: random.Random, companies: list[tuple[str, str]]) -> Row:
    first = FIRST_NAMES[int(chosen.random() ** 1.7 * len(FIRST_NAMES))]
    last = LAST_NAMES[int(chosen.random() ** 2 * len(LAST_NAMES))]
    domain = f"{chosen.choice(PROVIDERS)}.example"
    row = {
        "first_name": first,
        "last_name": last,
        "language": chosen.choice(("suomi", "suomi", "svenska", "")),
        "marketing_prohibited": "kyllä" if chosen.random() < 0.02 else "",
    }
    company = chosen.random()
    if company < 0.33:
        row["company_name"], row["business_id"] = chosen.choice(companies)
    elif company < 0.66:
        # About four people of each.
        place = _FIRST_NEW_COMPANY + number // 12
        row["company_name"] = company_name(place)
        row["business_id"] = business_id_of(place)
        domain = domain_of(row["company_name"], place)
        row["phone"] = f"09 {2_000_000 + place}"
    if company < 0.66:
        row["job_title"] = chosen.choice(("Ostaja", "Toimitusjohtaja", "Asiantuntija"))
    row["email"] = f"{slug(first)}.{slug(last)}.{number}@{domain}".title()
    if chosen.random() < 0.8:
        row["mobile"] = f"050 {number // 10000 + 100} {number % 10000:04}"
    if chosen.random() < 0.3:
        row["street"] = f"{chosen.choice(STREETS)} {number % 90 + 1}"
        row["postcode"] = f"{number % 1000 * 10:05}"
        row["town"] = chosen.choice(TOWNS)
    return row


def _registered(
    number: int,
    chosen: random.Random,
    registered: list[tuple[str, str, str | None, str | None]],
) -> Row:
    first, last, email, mobile = chosen.choice(registered)
    row = {"first_name": first, "last_name": last, "email": email or ""}
    if mobile and (not email or chosen.random() < 0.1):
        row |= {"email": "", "mobile": mobile}
    if chosen.random() < 0.5:
        row["phone"] = f"03 {3_000_000 + number}"
    return row


def _said_again(row: Row) -> Row:
    return {
        **row,
        "first_name": row["first_name"].upper(),
        "email": f" {row['email'].upper()} ",
    }


def _broken(chosen: random.Random, row: Row) -> Row:
    return row | chosen.choice(
        (
            {"email": row["email"].replace("@", " at ")},
            {"email": "", "mobile": "", "phone": ""},
            {"business_id": "1234567-0", "company_name": "Väärä Oy"},
        )
    )
