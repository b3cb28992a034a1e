"""Reading what records are compared by, for many at once."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Count

from contacts.likeness import CompanyFacts, PersonFacts, address_key
from contacts.models import Affiliation, Company, Contact, ContactPoint, PostalAddress
from register.services import protections

EMAIL, PHONE = ContactPoint.Kind.EMAIL, ContactPoint.Kind.PHONE

Sets = dict[uuid.UUID, set[Any]]


def facts_of_people(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, PersonFacts]:
    """Return what each of these contacts is compared by, with five queries.

    Only what the session may see: row security hides the rest. Of protected people not
    their workplaces and addresses either, whoever compares: that somebody is in the
    same company as they are would tell where they are.
    """
    hidden = protections.protections_among(ids)
    points: dict[str, Sets] = {EMAIL: defaultdict(set), PHONE: defaultdict(set)}
    rows = ContactPoint.objects.filter(contact__in=ids)
    for pk, kind, value in rows.values_list("contact_id", "kind", "value").order_by():
        points[kind][pk].add(value)
    companies: Sets = defaultdict(set)
    roles = Affiliation.objects.filter(contact__in=ids).order_by()
    for pk, company in roles.values_list("contact_id", "company_id"):
        if pk not in hidden:
            companies[pk].add(company)
    addresses: Sets = defaultdict(set)
    places = PostalAddress.objects.filter(contact__in=ids).order_by()
    for pk, street, postcode in places.values_list("contact_id", "street", "postcode"):
        if pk not in hidden:
            addresses[pk].add(address_key(street, postcode))
    named = Contact.objects.filter(pk__in=ids)
    return {
        pk: PersonFacts(
            first_name=first_name,
            last_name=last_name,
            emails=frozenset(points[EMAIL].get(pk, ())),
            phones=frozenset(points[PHONE].get(pk, ())),
            companies=frozenset(companies.get(pk, ())),
            addresses=frozenset(addresses.get(pk, ())) - {""},
        )
        for pk, first_name, last_name in named.values_list(
            "pk", "first_name", "last_name"
        )
    }


def holders_of_points(values: Collection[str]) -> dict[str, int]:
    """Return how many people have each of these addresses and numbers, where several."""
    points = ContactPoint.objects.filter(value__in=values).order_by().values("value")
    counted = points.annotate(holders=Count("contact", distinct=True))
    return dict(counted.filter(holders__gt=1).values_list("value", "holders"))


def points_of(people: Iterable[PersonFacts]) -> set[str]:
    """Return all addresses and numbers of these people."""
    return {value for person in people for value in (*person.emails, *person.phones)}


def facts_of_companies(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, CompanyFacts]:
    """Return what each of these companies is compared by, with two queries."""
    domains: Sets = defaultdict(set)
    points = ContactPoint.objects.filter(
        kind=EMAIL, contact__affiliations__company__in=ids
    ).order_by()
    of_people = points.values_list("contact__affiliations__company_id", "value")
    for pk, value in of_people.distinct():
        domains[pk].add(value.rpartition("@")[2])
    rows = Company.objects.filter(pk__in=ids).values_list(
        "pk", "name", "business_id", "street", "postcode"
    )
    return {
        pk: CompanyFacts(
            name=name,
            business_id=business_id,
            addresses=frozenset({address_key(street, postcode)}) - {""},
            domains=frozenset(domains.get(pk, ())),
        )
        for pk, name, business_id, street, postcode in rows
    }
