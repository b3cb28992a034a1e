"""The people of the demo and the companies they work at."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone
from stdnum.fi import ytunnus

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    PostalAddress,
    Service,
    Topic,
)
from contacts.models.people import Source
from contacts.services import agreements, interests, search_words
from register import actors, audit
from register.models import NoticeRevision
from settings.demo_data import names
from settings.demo_data.times import some_time

PEOPLE, COMPANIES = 3000, 700
DUTIES = ["decision_maker", "hr", "invoicing", "purchasing", "technical_contact"]


def make_companies(chance: random.Random) -> list[Company]:
    """Make the companies, and the words they are found by."""
    made: dict[str, Company] = {}
    while len(made) < COMPANIES:
        form = chance.choice(names.COMPANY_FORMS)
        stem = chance.choice(names.COMPANY_STEMS)
        name = f"{stem} {chance.choice(names.COMPANY_TRADES)} {form}"
        if form == "Tmi":
            name = f"Tmi {chance.choice(names.FIRST_NAMES)} {chance.choice(names.LAST_NAMES)}"
        postcode, town = chance.choice(names.TOWNS)
        made[name] = Company(
            name=name,
            kind=_kind_of(form),
            business_id=_business_id(chance),
            street=f"{chance.choice(names.STREETS)} {chance.randint(1, 90)}",
            postcode=postcode,
            town=town,
            source=Source.PUBLIC,
            created_at=some_time(chance, days=365),
        )
    companies = list({c.business_id: c for c in made.values()}.values())
    Company.objects.bulk_create(companies, batch_size=1000)
    search_words.refresh_of_companies([company.pk for company in companies])
    return companies


def _kind_of(form: str) -> str:
    kinds = {"Tmi": Company.Kind.SOLE_TRADER, "ry": Company.Kind.ASSOCIATION}
    return kinds.get(form, Company.Kind.COMPANY)


def _business_id(chance: random.Random) -> str:
    while True:
        digits = f"{chance.randint(1_000_000, 3_399_999):07d}"
        for check in "0123456789":
            if ytunnus.is_valid(f"{digits}{check}"):
                return f"{digits}-{check}"


def make_people(chance: random.Random, companies: Sequence[Company]) -> list[Contact]:
    """Make the people with their addresses and roles, and the words they are found by."""
    people: list[Contact] = []
    points: list[ContactPoint] = []
    addresses: list[PostalAddress] = []
    roles: list[Affiliation] = []
    used: set[str] = set()
    for number in range(PEOPLE):
        first, last = chance.choice(names.FIRST_NAMES), chance.choice(names.LAST_NAMES)
        company = chance.choice(companies)
        person = _person(chance, first, last)
        people.append(person)
        email = _email(first, last, company, used, number)
        points += _points(chance, person, email, number)
        addresses += _addresses(chance, person)
        roles += _roles(chance, person, company, companies)
    Contact.objects.bulk_create(people, batch_size=1000)
    ContactPoint.objects.bulk_create(points, batch_size=1000)
    PostalAddress.objects.bulk_create(addresses, batch_size=1000)
    Affiliation.objects.bulk_create(roles, batch_size=1000)
    search_words.refresh([person.pk for person in people])
    actor = actors.system("customer_relationship")
    audit.record_many(
        [
            audit.entry_values("record.added", actor=actor, obj=person)
            for person in people
        ]
    )
    return people


def _person(chance: random.Random, first: str, last: str) -> Contact:
    created_at = some_time(chance, days=365)
    source = chance.choice([Source.PERSON, Source.IMPORT, Source.STAFF, Source.PUBLIC])
    return Contact(
        first_name=first,
        last_name=last,
        language=chance.choices(["fi", "sv", "en"], weights=[85, 10, 5])[0],
        relationship=chance.choices(
            list(Contact.Relationship.values), weights=[60, 35, 5]
        )[0],
        source=source,
        source_detail="Rakennusalan messut" if source == Source.IMPORT else "",
        collected_at=created_at,
        notice=NoticeRevision.in_force(),
        created_at=created_at,
    )


def _points(
    chance: random.Random, person: Contact, email: str, number: int
) -> list[ContactPoint]:
    common = _as_of(person)
    points = [ContactPoint(kind="email", value=email, is_primary=True, **common)]
    if chance.random() < 0.15:
        private = f"{_ascii(person.first_name)}.{_ascii(person.last_name)}{number}@kotiposti.example"
        points.append(ContactPoint(kind="email", value=private, label="oma", **common))
    if chance.random() < 0.8:
        phone = f"+35840{chance.randint(1000000, 9999999)}"
        points.append(
            ContactPoint(kind="phone", value=phone, is_primary=True, **common)
        )
    return points


def _addresses(chance: random.Random, person: Contact) -> list[PostalAddress]:
    if chance.random() >= 0.2:
        return []
    postcode, town = chance.choice(names.TOWNS)
    street = f"{chance.choice(names.STREETS)} {chance.randint(1, 90)} A {chance.randint(1, 40)}"
    return [
        PostalAddress(street=street, postcode=postcode, town=town, **_as_of(person))
    ]


def _roles(
    chance: random.Random,
    person: Contact,
    company: Company,
    companies: Sequence[Company],
) -> list[Affiliation]:
    """Return the role at the company, and for some the one they had before."""
    common = _as_of(person)
    since = person.created_at.date() - timedelta(days=chance.randint(0, 2000))
    roles = [
        Affiliation(
            company=company,
            job_title=chance.choice(names.JOB_TITLES),
            duties=sorted(chance.sample(DUTIES, chance.randint(0, 2))),
            valid_from=since,
            **common,
        )
    ]
    if chance.random() < 0.08:
        earlier = chance.choice(companies)
        if earlier != company:
            roles.append(
                Affiliation(
                    company=earlier,
                    job_title=chance.choice(names.JOB_TITLES),
                    valid_from=since - timedelta(days=900),
                    valid_to=since,
                    **common,
                )
            )
    return roles


def make_agreements(chance: random.Random, people: Sequence[Contact]) -> None:
    """Let some companies and a consumer use services, and name main contacts."""
    actor = actors.system("customer_relationship")
    services = list(Service.objects.order_by("pk"))
    topics = list(Topic.objects.order_by("pk"))
    today = timezone.localdate()
    consumers = 0
    for person in chance.sample(list(people), 120):
        role = person.affiliations.select_related("company").first()
        began = chance.randint(100, 1500)
        ended = chance.random() < 0.2
        # One that ended is still within its 24 months.
        start = today - timedelta(days=began % 700 + 100 if ended else began)
        is_consumer = role is None or consumers < 5
        consumers += is_consumer
        agreements.begin(
            service=chance.choice(services),
            company=None if is_consumer or role is None else role.company,
            person=person if is_consumer else None,
            starts_on=start,
            ends_on=start + timedelta(days=90) if ended else None,
            reference=f"SOP-{chance.randint(10_000, 99_999)}",
            contact_persons=[person],
            actor=actor,
        )
        if (
            role
            and not Affiliation.objects.filter(
                company=role.company, is_main=True
            ).exists()
        ):
            Affiliation.objects.filter(pk=role.pk).update(is_main=True)
        given, concluded = chance.sample(topics, 2)
        interests.give(person, given, actor=actor)
        interests.conclude(
            person, concluded, concluded_from="Tilattu esite", actor=actor
        )


def _as_of(person: Contact) -> dict[str, Any]:
    """Return what a part of a contact has from the contact."""
    return {
        "contact": person,
        "source": person.source,
        "created_at": person.created_at,
    }


def _email(first: str, last: str, company: Company, used: set[str], number: int) -> str:
    domain = _ascii(company.name.rpartition(" ")[0] or company.name).replace(" ", "-")
    email = f"{_ascii(first)}.{_ascii(last)}@{domain}.example"
    if email in used:
        email = f"{_ascii(first)}.{_ascii(last)}.{number}@{domain}.example"
    used.add(email)
    return email


def _ascii(text: str) -> str:
    return text.lower().translate(str.maketrans("äöå", "aoa"))
