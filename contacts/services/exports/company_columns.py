"""The columns an export of companies may have."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, Export
from contacts.services.exports.columns import Column, Load, Values, register_column

COMPANIES = Export.Content.COMPANIES


def _of_company(name: str) -> Load:
    def load(keys: Sequence[uuid.UUID]) -> Values:
        field: object = Company._meta.get_field(name)
        words = dict(getattr(field, "flatchoices", ()))
        rows = Company.objects.filter(pk__in=keys).values_list("pk", name)
        return {key: words.get(value, value) for key, value in rows}

    return load


def _day(name: str) -> Load:
    def load(keys: Sequence[uuid.UUID]) -> Values:
        rows = Company.objects.filter(pk__in=keys).values_list("pk", name)
        return {
            key: formats.date_format(timezone.localtime(at), "Y-m-d")
            for key, at in rows
        }

    return load


def _responsible(keys: Sequence[uuid.UUID]) -> Values:
    rows = Company.objects.filter(pk__in=keys, responsible__isnull=False)
    return {
        row.pk: row.responsible.get_full_name()
        for row in rows.select_related("responsible")
        if row.responsible
    }


def register() -> None:
    """Make the columns known; called once, when the app is ready."""
    for name, label, load, is_default in (
        ("name", _("name of the company"), _of_company("name"), True),
        ("business_id", _("business id"), _of_company("business_id"), True),
        ("kind", _("kind of company"), _of_company("kind"), True),
        ("status", _("status of the company"), _of_company("status"), True),
        ("street", _("street address"), _of_company("street"), True),
        ("postcode", _("postcode"), _of_company("postcode"), True),
        ("town", _("town"), _of_company("town"), True),
        ("status_since", _("status since"), _of_company("status_since"), False),
        ("responsible", _("responsible"), _responsible, False),
        ("source", _("source"), _of_company("source"), False),
        ("created_at", _("created"), _day("created_at"), False),
    ):
        register_column(
            Column(
                f"company_{name}",
                label,
                load,
                Company,
                name,
                is_default=is_default,
                content=COMPANIES,
            )
        )
