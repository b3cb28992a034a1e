"""Who took a person out of the register in a file, for the page of who looked.

A download has one entry in the audit trail, whether ten people were in the file or a
million. The manifest knows who they were; a person stands in few exports.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.urls import reverse

from contacts.models import Export, ExportPerson
from register import access
from register.audit.looks import Look, register_looks_at_many
from register.datamap.vocabulary import Action, Category


def exports_of(keys: Collection[uuid.UUID]) -> Collection[uuid.UUID]:
    """Return the exports in which somebody stands."""
    found = ExportPerson.objects.filter(contact__in=list(keys))
    return set(found.values_list("export", flat=True))


def told(keys: Collection[str], user: object) -> Mapping[str, tuple[str, str]]:
    """Return the manifests with what they were for, to those who see exports."""
    if not access.may(user, Action.VIEW, Category.EXPORTS):
        return {}
    found = Export.objects.filter(pk__in=keys).values_list("pk", "reason")
    return {
        str(pk): (reverse("admin:contacts_export_change", args=[pk]), reason)
        for pk, reason in found
    }


def register() -> None:
    """Make it known; called once, when the app is ready."""
    register_looks_at_many(
        Look.EXPORTED,
        "export.downloaded",
        object_type=Export._meta.label_lower,
        records_of=exports_of,
        told=told,
    )
