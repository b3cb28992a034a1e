"""People and companies in the search box of every page."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _now, gettext_lazy as _

from contacts import clear_words, selectors
from contacts.models import Company, Contact
from register import access
from register.datamap.vocabulary import Action, Category
from register.finding import Found, Source, register_source
from register.models import User


def register() -> None:
    """Make them known; called once, when the app is ready."""
    register_source(
        Source(
            "contacts.contact",
            _("Contacts"),
            "person",
            Category.IDENTITY,
            _people,
            "admin:contacts_contact_changelist",
        )
    )
    register_source(
        Source(
            "contacts.company",
            _("Companies"),
            "domain",
            Category.COMPANY,
            _companies,
            "admin:contacts_company_changelist",
        )
    )


def _people(text: str, *, user: User, most: int) -> list[Found]:
    found = clear_words.people(Contact.objects.all(), text, reader=user, most=most)
    sees_companies = access.may(user, Action.VIEW, Category.COMPANY)
    return [
        Found(
            person.full_name or _now("no name"),
            reverse("admin:contacts_contact_page", args=[person.pk]),
            (
                present_companies(person) if sees_companies else "",
                person.main_email or "",
                person.main_phone or "",
            ),
        )
        for person in (
            clear_words.as_seen(user, row) for row in selectors.with_main_points(found)
        )
    ]


def _companies(text: str, *, user: User, most: int) -> list[Found]:
    return [
        Found(
            company.name,
            reverse("admin:contacts_company_page", args=[company.pk]),
            (company.business_id, company.town),
        )
        for company in (
            access.as_seen(user, row)
            for row in clear_words.companies(
                Company.objects.all(), text, reader=user, most=most
            )
        )
    ]


def present_companies(contact: Any) -> str:
    """Return the first company and how many more (see ``selectors.with_main_points``)."""
    names = contact.company_names
    if len(names) > 1:
        return f"{names[0]} +{len(names) - 1}"
    return "".join(names)
