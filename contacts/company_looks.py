"""Whose looks at companies are looks at a person, and which records a company consists of.

The company of a sole trader or a consumer is that person: whoever opened it looked at
them. Of other companies the page of who looked is their own.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.urls import reverse

from contacts.models import (
    Affiliation,
    Company,
    Export,
    ExportCompany,
    RegisterExtract,
    ServiceAgreement,
)
from contacts.selectors import company_keys_before_merges
from register import access
from register.audit.looks import Look, register_looks_at_many
from register.database.visibility import choosing_rows
from register.datamap.vocabulary import Action


def companies_of(people: Collection[uuid.UUID]) -> Collection[uuid.UUID]:
    """Return the companies that are these people themselves, with earlier keys."""
    with choosing_rows():
        keys = set(
            Affiliation.objects.filter(
                contact__in=list(people), company__kind__in=Company.NATURAL_PERSONS
            ).values_list("company", flat=True)
        )
    return keys | set(company_keys_before_merges(keys))


def told(keys: Collection[str], user: object) -> Mapping[str, tuple[str, str]]:
    """Return the pages of companies, to those who reach them."""
    if not access.may_model(user, Action.VIEW, Company):
        return {}
    rows = access.visible_to(user, Company.objects.all()).filter(pk__in=keys)
    return {
        str(pk): (reverse("admin:contacts_company_page", args=[pk]), "")
        for pk in rows.values_list("pk", flat=True)
    }


def records_of(company: Company) -> list[tuple[str, Collection[str]]]:
    """Return the records by which a company is seen: itself, as it was, and its parts."""
    parts = (ServiceAgreement, RegisterExtract)
    return [
        (Company._meta.label_lower, [str(company.pk)]),
        (
            Company._meta.label_lower,
            [str(key) for key in company_keys_before_merges([company.pk])],
        ),
        *(
            (
                part._meta.label_lower,
                [
                    str(key)
                    for key in part._default_manager.filter(
                        company=company
                    ).values_list("pk", flat=True)
                ],
            )
            for part in parts
        ),
        (Export._meta.label_lower, [str(key) for key in exports_with(company)]),
    ]


def exports_with(company: Company) -> Collection[uuid.UUID]:
    """Return the exports in which a company stands."""
    found = ExportCompany.objects.filter(company=company)
    return set(found.values_list("export", flat=True))


def register() -> None:
    """Make it known; called once, when the app is ready."""
    register_looks_at_many(
        Look.OPENED,
        "record.viewed",
        object_type=Company._meta.label_lower,
        records_of=companies_of,
        told=told,
    )
