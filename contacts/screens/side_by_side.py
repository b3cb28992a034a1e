"""What two records say, line by line, as their reader may see it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django.utils import formats, timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    Feature,
    PostalAddress,
)
from contacts.models.duplicates import in_words as features_in_words
from contacts.services.merging.fields import choices
from register import access
from register.datamap.vocabulary import Action, Category
from register.services import protections

# People of a company that stand beside each other; its page has all of them.
MOST_PEOPLE = 20
_KINDS: dict[str, str] = {
    Feature.EMAIL: "email",
    Feature.SHARED_EMAIL: "email",
    Feature.DOMAIN: "email",
    Feature.PHONE: "phone",
    Feature.SHARED_PHONE: "phone",
}


def name_of(record: Any) -> str:
    """Return what a record is called on a screen, as far as its reader sees names."""
    record = access.as_seen_now(record)
    name = record.name if isinstance(record, Company) else record.full_name
    return name or _("no name")


def reasons_seen(reader: object, pair: Any) -> list[str]:
    """Say in what a pair is alike, as far as its reader sees what was compared."""
    if not access.in_clear(reader, type(pair), "features"):
        return []
    return features_in_words(seen_features(reader, pair.of(), pair.features))


def seen_features(reader: object, model: Any, features: Iterable[str]) -> list[str]:
    """Leave out of features what tells that two values are one which a reader does not see."""
    return [each for each in features if _sees(reader, model, each)]


def _sees(reader: object, model: Any, feature: str) -> bool:
    if kind := _KINDS.get(feature):
        return access.in_clear(reader, ContactPoint, "value", kind=kind)
    if feature == Feature.BUSINESS_ID:
        return access.in_clear(reader, Company, "business_id")
    if feature == Feature.COMPANY:
        return access.in_clear(reader, Company, "name")
    if feature == Feature.ADDRESS:
        whose = Company if model is Company else PostalAddress
        return access.in_clear(reader, whose, "street")
    names = ("name",) if model is Company else ("first_name", "last_name")
    return all(access.in_clear(reader, model, name) for name in names)


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
                # Whether two masks hide the same is for those who see what they hide.
                "differs": choice.differs
                and access.in_clear(reader, type(first), choice.name),
                "may_choose": choice.differs
                and access.editable(reader, type(first), choice.name),
            }
            for choice in choices(first, second)
            if access.shown(reader, type(first), choice.name)
            and (choice.kept or choice.gone)
        ],
        "parts": [_added(reader, first, second), *_parts(reader, first, second)],
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
    return in_words(getattr(record, field.name))


def in_words(value: Any) -> str:
    """Return a value as its reader writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return formats.date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    if isinstance(value, date):
        return formats.date_format(value, "SHORT_DATE_FORMAT")
    return str(value)


def _added(reader: object, first: Any, second: Any) -> dict[str, Any]:
    """Return since when each is in the register: it helps to choose which stays."""
    return {
        "label": _("Added"),
        "values": [
            _texts([_day_of(access.present(reader, each, "created_at"))])
            for each in (first, second)
        ],
    }


def _day_of(value: Any) -> str:
    return in_words(timezone.localdate(value) if isinstance(value, datetime) else value)


def _parts(reader: object, first: Any, second: Any) -> list[dict[str, Any]]:
    if isinstance(first, Company):
        sides = [_people(reader, each) for each in (first, second)]
        return [{"label": _("People"), "values": sides}] if any(sides) else []
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


def _is_hidden(contact: Contact) -> bool:
    return bool(protections.protected_among([contact.pk]))


def _addresses(reader: object, contact: Contact) -> list[str]:
    if _is_hidden(contact):
        # A dash would say that there is none.
        return [_("Protected address")]
    return _texts(
        ", ".join(
            part
            for name in ("street", "postcode", "town")
            if (part := str(access.present(reader, address, name)))
        )
        for address in PostalAddress.objects.filter(contact=contact)
    )


def _roles(reader: object, contact: Contact) -> list[str]:
    if _is_hidden(contact):
        return [_("Protected address")]
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
    found = list(roles.order_by("contact__last_name", "pk")[: MOST_PEOPLE + 1])
    names = _texts(
        access.as_seen(reader, role.contact).full_name for role in found[:MOST_PEOPLE]
    )
    return [*names, _("and others")] if len(found) > MOST_PEOPLE else names


def _texts(texts: Iterable[Any]) -> list[str]:
    return [str(text) for text in texts if text]
