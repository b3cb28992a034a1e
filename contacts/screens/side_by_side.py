"""What two records say, line by line, as their reader may see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from contacts.models import Affiliation, Company, Contact, ContactPoint, PostalAddress
from contacts.services.merging.fields import choices
from register import access
from register.datamap.vocabulary import Action, Category


def name_of(record: Any) -> str:
    """Return what a record is called on a screen."""
    name = record.name if isinstance(record, Company) else record.full_name
    return name or _("no name")


def columns_of(reader: object, first: Any, second: Any) -> dict[str, Any]:
    """Return the fields that can be chosen, and what comes along, of both records."""
    return {
        "fields": [
            {
                "name": choice.name,
                "label": capfirst(str(choice.field.verbose_name)),
                "values": [
                    _shown(reader, each, choice.field) for each in (first, second)
                ],
                "differs": choice.differs,
            }
            for choice in choices(first, second)
            if access.shown(reader, type(first), choice.name)
            and (choice.kept or choice.gone)
        ],
        "parts": _parts(reader, first, second),
    }


def _shown(reader: object, record: Any, field: Any) -> str:
    if not access.in_clear(reader, type(record), field.name):
        return str(access.present(reader, record, field.name))
    if field.is_relation:
        related = getattr(record, field.name)
        name = getattr(related, "get_full_name", None)
        return str(name() if name else related) if related is not None else ""
    if field.flatchoices:
        return str(getattr(record, f"get_{field.name}_display")())
    value = getattr(record, field.name)
    return "" if value is None else str(value)


def _parts(reader: object, first: Any, second: Any) -> list[dict[str, Any]]:
    if isinstance(first, Company):
        sides = [_people(reader, each) for each in (first, second)]
        return [{"label": _("People"), "values": sides}]
    parts = [
        {
            "label": _("E-mail addresses and numbers"),
            "values": [_points(reader, each) for each in (first, second)],
        },
        {
            "label": _("Postal addresses"),
            "values": [_addresses(reader, each) for each in (first, second)],
        },
    ]
    if access.may(reader, Action.VIEW, Category.COMPANY):
        roles = [_roles(reader, each) for each in (first, second)]
        parts.append({"label": _("Roles at companies"), "values": roles})
    return [part for part in parts if any(part["values"])]


def _points(reader: object, contact: Contact) -> list[str]:
    points = ContactPoint.objects.filter(contact=contact)
    return _texts(access.present(reader, point, "value") for point in points)


def _addresses(reader: object, contact: Contact) -> list[str]:
    return _texts(
        ", ".join(
            part
            for name in ("street", "postcode", "town")
            if (part := str(access.present(reader, address, name)))
        )
        for address in PostalAddress.objects.filter(contact=contact)
    )


def _roles(reader: object, contact: Contact) -> list[str]:
    roles = Affiliation.objects.filter(contact=contact).select_related("company")
    return _texts(
        " – ".join(
            part
            for part in (
                str(access.present(reader, role.company, "name")),
                str(access.present(reader, role, "job_title")),
            )
            if part
        )
        for role in roles
    )


def _people(reader: object, company: Company) -> list[str]:
    if not access.may(reader, Action.VIEW, Category.IDENTITY):
        return []
    roles = Affiliation.objects.filter(company=company).select_related("contact")
    return _texts(role.contact.full_name for role in roles[:20])


def _texts(texts: Iterable[Any]) -> list[str]:
    return [str(text) for text in texts if text]
