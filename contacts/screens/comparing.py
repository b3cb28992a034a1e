"""Comparing two records and ordering that they become one, from the queue or chosen by hand."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from contacts import panels
from contacts.models import Company, Contact
from contacts.screens.side_by_side import columns_of, name_of
from contacts.services.merging import fields, orders
from contacts.services.merging.kinds import (
    KINDS,
    categories_of as categories_of,
    may_merge as may_merge,
    objection_to,
)
from register import access, actors, audit
from register.datamap.vocabulary import Action
from register.models import Job
from register.services import protections

KEPT, SURE, SEEN = "kept", "sure", "seen"


def page_url(record: Any) -> str:
    """Return the address of a record's page."""
    name = "company_page" if isinstance(record, Company) else "contact_page"
    return reverse(f"admin:contacts_{name}", args=[record.pk])


def record_reading(request: HttpRequest, *records: Any) -> None:
    """Write down that both were read."""
    actor = actors.of_request(request)
    for record in records:
        audit.record("record.viewed", actor=actor, obj=record)


def context_of(request: HttpRequest, first: Any, second: Any) -> dict[str, Any]:
    """Return what ``contacts/pair_compare.html`` shows of two records."""
    user, records = request.user, (first, second)
    protected = protections.protected_among([each.pk for each in records])
    # The older record is more likely the one that others point to.
    proposed = min(records, key=lambda record: (record.created_at, record.pk))
    return {
        "records": [
            {
                "key": str(each.pk),
                "name": name_of(access.as_seen(user, each)),
                "url": page_url(each),
                "notices": [
                    *([panels.PROTECTED] if each.pk in protected else []),
                    *panels.notices_of(each, user=user),
                ]
                if isinstance(each, Contact)
                else [],
            }
            for each in records
        ],
        "may_decide": may_merge(user, type(first)),
        # Said before somebody chooses, not only when the choice is refused.
        "objection": objection_to(KINDS[type(first)], first.pk, second.pk),
        "proposed": str(proposed.pk),
        "seen": fields.fingerprint(records),
        **columns_of(user, *records),
    }


def order(request: HttpRequest, first: Any, second: Any) -> Job | None:
    """Order the merge that a form asks for; None, with a message, if it is not complete.

    Raises DomainError where the two cannot be merged as they stand.
    """
    records = {str(each.pk): each for each in (first, second)}
    kept = records.pop(request.POST.get(KEPT, ""), None)
    if kept is None or not request.POST.get(SURE):
        messages.error(
            request,
            _("Choose the record that stays, and tick that you have looked at both."),
        )
        return None
    if not may_merge(request.user, type(kept)):
        raise PermissionDenied
    (gone,) = records.values()
    for record in (kept, gone):
        access.require_row(request.user, Action.CHANGE, record)
    taken = [
        name.removeprefix("field-")
        for name, value in request.POST.items()
        if name.startswith("field-") and value == str(gone.pk)
    ]
    # What is not seen is not chosen, nor what may only be read.
    if not all(access.editable(request.user, type(kept), name) for name in taken):
        raise PermissionDenied
    _merge, job = orders.order(
        kept=kept,
        gone=gone,
        taken=taken,
        seen=request.POST.get(SEEN, ""),
        actor=actors.of_request(request),
    )
    return job
