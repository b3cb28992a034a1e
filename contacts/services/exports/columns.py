"""The columns an export may have, and what stands in them for a batch of people.

Each names the field of the data map behind it: who may not see that field cannot export
it, and who sees a mask exports the mask. Apps above add their own.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import models
from django.utils import formats, timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    Affiliation,
    Company,
    Contact,
    ContactPoint,
    Export,
    PostalAddress,
)
from contacts.selectors import current_affiliations
from register import access

# Values of one batch by the key of the person; who is not in it has none.
Values = Mapping[uuid.UUID, Any]
Load = Callable[[Sequence[uuid.UUID]], Values]


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One column: its code in manifests, its heading, and how it is filled.

    ``is_always`` marks what must be told with every export, whoever orders it.
    """

    code: str
    label: str | Promise
    load: Load
    model: type[models.Model] | None = None
    field: str = ""
    kind: str = ""
    is_default: bool = True
    is_always: bool = False
    content: str = Export.Content.PEOPLE

    def is_for(self, reader: object) -> bool:
        """Whether a reader may export it, be it masked."""
        return self.model is None or access.shown(
            reader, self.model, self.field, kind=self.kind
        )

    def is_clear(self, reader: object) -> bool:
        """Whether a reader exports the values themselves."""
        return self.model is None or access.in_clear(
            reader, self.model, self.field, kind=self.kind
        )

    def values(self, keys: Sequence[uuid.UUID], *, reader: object) -> dict[Any, str]:
        """Return the texts of a batch as the reader may see them."""
        found = self.load(keys)
        if self.model is None:
            return {key: _text(value) for key, value in found.items()}
        model = self.model
        return {
            key: _text(
                access.present_value(reader, model, self.field, value, kind=self.kind)
            )
            for key, value in found.items()
        }


COLUMNS: dict[str, Column] = {}


def register_column(column: Column) -> None:
    """Make a column known; a second one of the same code replaces the first."""
    COLUMNS[column.code] = column


def offered(reader: object, content: str) -> list[Column]:
    """Return the columns a reader may choose among, and those always there."""
    return [
        column
        for column in COLUMNS.values()
        if column.content == content and column.is_for(reader)
    ]


def chosen(codes: Sequence[str], reader: object, content: str) -> list[Column]:
    """Return columns of an export in their order, those always there at the end."""
    known = {column.code: column for column in offered(reader, content)}
    always = [column for column in known.values() if column.is_always]
    picked = [known[code] for code in codes if code in known]
    return [column for column in picked if column not in always] + always


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value)


def _of_contact(name: str) -> Load:
    def load(keys: Sequence[uuid.UUID]) -> Values:
        field: Any = Contact._meta.get_field(name)
        words = dict(field.flatchoices)
        rows = Contact.objects.filter(pk__in=keys).values_list("pk", name)
        return {key: words.get(value, value) for key, value in rows}

    return load


def _points(kind: str) -> Load:
    def load(keys: Sequence[uuid.UUID]) -> Values:
        rows = ContactPoint.objects.filter(contact__in=keys, kind=kind, is_primary=True)
        return dict(rows.order_by().values_list("contact", "value"))

    return load


def _roles(name: str) -> Load:
    def load(keys: Sequence[uuid.UUID]) -> Values:
        found: dict[uuid.UUID, list[str]] = defaultdict(list)
        rows = current_affiliations().filter(contact__in=keys).order_by("pk")
        for key, value in rows.values_list("contact", name):
            if value:
                found[key].append(str(value))
        return {key: ", ".join(values) for key, values in found.items()}

    return load


def _address(name: str) -> Load:
    def load(keys: Sequence[uuid.UUID]) -> Values:
        # The last of several wins: the primary one.
        rows = PostalAddress.objects.filter(contact__in=keys).order_by(
            "is_primary", "-pk"
        )
        return dict(rows.values_list("contact", name))

    return load


def _created(keys: Sequence[uuid.UUID]) -> Values:
    rows = Contact.objects.filter(pk__in=keys).values_list("pk", "created_at")
    return {
        key: formats.date_format(timezone.localtime(at), "Y-m-d") for key, at in rows
    }


def register() -> None:
    """Make the columns of this app known; called once, when the app is ready."""
    for column in (
        Column(
            "first_name",
            _("first name"),
            _of_contact("first_name"),
            Contact,
            "first_name",
        ),
        Column(
            "last_name", _("last name"), _of_contact("last_name"), Contact, "last_name"
        ),
        Column("email", _("e-mail"), _points("email"), ContactPoint, "value", "email"),
        Column(
            "phone", _("telephone"), _points("phone"), ContactPoint, "value", "phone"
        ),
        Column("company", _("company"), _roles("company__name"), Company, "name"),
        Column(
            "job_title", _("job title"), _roles("job_title"), Affiliation, "job_title"
        ),
        Column("language", _("language"), _of_contact("language"), Contact, "language"),
        Column(
            "relationship",
            _("relationship"),
            _of_contact("relationship"),
            Contact,
            "relationship",
        ),
        Column(
            "street",
            _("street address"),
            _address("street"),
            PostalAddress,
            "street",
            is_default=False,
        ),
        Column(
            "postcode",
            _("postcode"),
            _address("postcode"),
            PostalAddress,
            "postcode",
            is_default=False,
        ),
        Column(
            "town",
            _("town"),
            _address("town"),
            PostalAddress,
            "town",
            is_default=False,
        ),
        Column(
            "source",
            _("source"),
            _of_contact("source"),
            Contact,
            "source",
            is_default=False,
        ),
        Column(
            "created_at",
            _("created"),
            _created,
            Contact,
            "created_at",
            is_default=False,
        ),
    ):
        register_column(column)
