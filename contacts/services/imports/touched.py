"""Who of those a file added is kept when it is undone: whoever was touched since.

Asked of every table that names a person or a company, through the models and the data
map, so that a table which is new tomorrow is asked tomorrow.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from contacts.models import (
    Company,
    Contact,
    ContactMergedRow,
    ImportBatch,
    ImportChange,
    Merge,
)
from register.datamap.graph import graph
from register.datamap.parts import goes_with_it
from register.datamap.vocabulary import Erasure
from register.models import Hold

# Returns those of some people who must stay.
Claim = Callable[[Collection[uuid.UUID]], Iterable[uuid.UUID]]

# Why somebody is kept.
KEPT: dict[str, str | Promise] = {
    "held": _("The contact may not be deleted: a hold is in force."),
    "changed": _("The contact was changed since."),
    "used": _("Something has been recorded about the contact since."),
    "other_file": _("Another file has the contact, too."),
}
_CLAIMS: dict[str, Claim] = {}
# Parts of people that a file brings, and that say themselves since when they are there.
_PARTS = (
    *("contacts.ContactPoint", "contacts.PostalAddress", "contacts.Affiliation"),
    "contacts.Interest",
)
# Tables whose rows the import itself made, or that follow from what it made.
_OWN = frozenset(
    {
        *_PARTS,
        *("contacts.ContactWord", "contacts.ImportRow", "contacts.ImportChange"),
        *("contacts.ExternalId", "contacts.CompanyWord", "contacts.ContactPair"),
        "contacts.CompanyPair",
    }
)

_LATER_PARTS = """
    SELECT contact_id FROM {table} t JOIN unnest(%s::uuid[], %s::timestamptz[])
        AS w (id, at) ON t.contact_id = w.id
    WHERE t.created_at > w.at OR t.source <> 'import'
"""
_OTHER_FILES = """
    SELECT contact_id FROM contacts_importrow WHERE contact_id = ANY(%s) AND batch_id <> %s
"""


def register_claim(code: str, why: str | Promise, claim: Claim) -> None:
    """Let an app above keep people: a ledger outlives them, so it is not asked by itself."""
    KEPT[code], _CLAIMS[code] = why, claim


def since(
    batch: ImportBatch,
    there: Sequence[tuple[uuid.UUID, datetime, datetime]],
    written: dict[uuid.UUID, datetime],
) -> dict[uuid.UUID, str]:
    """Return who of these people is kept, with a code of KEPT.

    ``there`` are they, when they were made and last changed; ``written`` is when the
    import wrote them.
    """
    keys = [pk for pk, _created, _updated in there]
    until = {pk: max(written[pk], created) for pk, created, _updated in there}
    kept: dict[uuid.UUID, str] = {}

    def keep(found: Iterable[Any], why: str) -> None:
        for pk in found:
            if pk in until:
                kept.setdefault(pk, why)

    keep(_held(Contact, keys), "held")
    for code, claim in _CLAIMS.items():
        keep(claim(keys), code)
    keep((pk for pk, _created, at in there if at > until[pk]), "changed")
    for label in _PARTS:
        later = _LATER_PARTS.format(table=graph()[label].model._meta.db_table)
        keep(_column(later, list(until), list(until.values())), "changed")
    keep(_column(_OTHER_FILES, keys, batch.pk), "other_file")
    keep(_referred(Contact, keys), "used")
    return kept


def companies_used(keys: Sequence[uuid.UUID]) -> set[uuid.UUID]:
    """Return those of some companies that somebody works at, or that are used since."""
    working = Company.objects.filter(pk__in=keys, affiliations__isnull=False)
    used = set(working.values_list("pk", flat=True))
    return used | set(_held(Company, keys)) | set(_referred(Company, keys))


def moved_by_merges(changes: Collection[ImportChange]) -> set[int]:
    """Return those of some changes that were of a record which went into another."""
    moved = ContactMergedRow.objects.filter(
        label=ImportChange._meta.label,
        row_key__in=[str(change.pk) for change in changes],
        merge__state=Merge.State.DONE,
    )
    return {int(key) for key in moved.values_list("row_key", flat=True)}


def _held(model: type[Any], keys: Collection[uuid.UUID]) -> Iterable[uuid.UUID]:
    on_record = Q(
        object_type=model._meta.label_lower, object_id__in=[str(key) for key in keys]
    )
    on_person = Q(subject_id__in=keys) if model is Contact else Q()
    holds = Hold.objects.filter(on_record | on_person, released_at=None)
    for subject, record in holds.values_list("subject_id", "object_id"):
        if subject is not None:
            yield subject
        if record:
            yield uuid.UUID(record)


def _referred(model: type[Any], keys: Sequence[uuid.UUID]) -> Iterable[uuid.UUID]:
    for table, column in referring(model):
        yield from _column(
            f'SELECT "{column}" FROM "{table}" WHERE "{column}" = ANY(%s)',  # noqa: S608
            list(keys),
        )


def referring(model: type[Any]) -> Iterable[tuple[str, str]]:
    """Yield the tables and columns that name a record, save what an import makes.

    Also those without a foreign key. What outlives a person anyway, like refusals and
    the audit trail, says nothing about whether somebody works with the record.
    """
    for relation in model._meta.get_fields(include_hidden=True):
        if (
            relation.auto_created
            and not relation.concrete
            and (relation.one_to_one or relation.one_to_many)
            # Earlier versions are what it was, no use of it.
            and relation.on_delete is not goes_with_it
            and relation.related_model._meta.label not in _OWN
        ):
            yield relation.related_model._meta.db_table, relation.field.column
    if model is Contact:
        for entry in graph():
            for subject in entry.map.subjects:
                is_own = subject.by_id and not subject.path
                if is_own and subject.erasure != Erasure.KEEP:
                    field = entry.model._meta.get_field(subject.by_id)
                    yield entry.model._meta.db_table, str(field.column)  # type: ignore[union-attr]


def _column(sql: str, *params: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return [row[0] for row in cursor.fetchall()]
