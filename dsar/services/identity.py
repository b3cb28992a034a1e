"""Confirming whom a request is about."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from dsar.models import Request, RequestEvent, RequestPerson, RequestRecord
from dsar.scope import KIND, Scope, keys_sql, records_of
from dsar.services import closing, requests
from register.actors import Actor
from register.datamap.graph import graph
from register.errors import DomainError
from register.models import Hold
from register.services import holds

# A record without a contact, as the search shows it: table and key.
RecordKey = tuple[str, str]


@transaction.atomic
def confirm_person(
    request: Request,
    *,
    subject_ids: Collection[uuid.UUID],
    actor: Actor,
    records: Collection[RecordKey] = (),
) -> Request:
    """Say that these contacts, and these records without a contact, are the person's.

    May be said again, also with others, until the data is packed or an erasure is
    planned; what was decided about values is then forgotten. While a request for
    access is open, nothing of the persons ends: a hold keeps it (GDPR Art. 15).
    """
    request = requests.lock(request)
    requests.require_open(request)
    if request.state not in (
        Request.State.RECEIVED,
        Request.State.IDENTIFIED,
        Request.State.REVIEW,
        Request.State.REVIEWED,
    ):
        raise DomainError(
            "too_late_to_change",
            _("The request has gone further; the person can no longer be changed."),
        )
    if not subject_ids and not records:
        raise DomainError("nobody_chosen", _("Choose at least one person or record."))
    _require_existing(subject_ids, records)
    request.people.exclude(subject_id__in=subject_ids).delete()
    RequestPerson.objects.bulk_create(
        [RequestPerson(request=request, subject_id=each) for each in subject_ids],
        ignore_conflicts=True,
    )
    request.records.all().delete()
    RequestRecord.objects.bulk_create(
        RequestRecord(request=request, table=label, row_key=key)
        for label, key in sorted(set(records))
    )
    request.findings.all().delete()
    request.state = Request.State.IDENTIFIED
    request.save(update_fields=["state"])
    requests.add_event(request, RequestEvent.Kind.IDENTIFIED, actor=actor)
    requests.record("request.identified", request, actor=actor)
    _hold_anew(request, actor=actor)
    return request


def _require_existing(
    subject_ids: Collection[uuid.UUID], records: Collection[RecordKey]
) -> None:
    people = graph().root(KIND).model._base_manager
    ledgers = _in_ledgers(subject_ids)
    known = set(people.filter(pk__in=subject_ids).values_list("pk", flat=True))
    for label, key in records:
        entry = graph().entries.get(label)
        if entry is None or not entry.subjects(KIND):
            raise DomainError("unknown_record", _("There is no such record."))
        try:
            pk = entry.model._meta.pk.to_python(key)
        except ValidationError:
            pk = None
        if not entry.model._base_manager.filter(pk=pk).exists():
            raise DomainError("unknown_record", _("There is no such record."))
    if set(subject_ids) - known - ledgers:
        raise DomainError(
            "unknown_person", _("There is no such person any more; search again.")
        )


def _in_ledgers(subject_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Return those who are in tables that name people by number alone."""
    found: set[uuid.UUID] = set()
    for entry in graph().personal():
        for subject in entry.subjects(KIND):
            if subject.by_id and not subject.path:
                rows = entry.model._base_manager.filter(
                    **{f"{subject.by_id}__in": subject_ids}
                ).order_by()
                found.update(rows.values_list(subject.by_id, flat=True).distinct())
    return found


def _hold_anew(request: Request, *, actor: Actor) -> None:
    """Freeze the retention of everything the request is about, and of nothing else."""
    earlier = closing.holds_of(request)
    if request.kind == Request.Kind.ACCESS:
        reference = str(request)
        for subject_id in request.people.values_list("subject_id", flat=True):
            holds.place(
                reason=Hold.Reason.ACCESS_REQUEST,
                subject_id=subject_id,
                reference=reference,
                review_on=request.due_on,
                actor=actor,
            )
        # A record without a contact is held itself, and its parts by themselves.
        loose = Scope((), records_of(request))
        for entry in graph().expiring():
            if not entry.subjects(KIND):
                continue
            with connection.cursor() as cursor:
                cursor.execute(keys_sql(entry, loose))
                keys = [row[0] for row in cursor.fetchall()]
            for obj in entry.model._base_manager.filter(pk__in=keys):
                holds.place(
                    reason=Hold.Reason.ACCESS_REQUEST,
                    obj=obj,
                    reference=reference,
                    review_on=request.due_on,
                    actor=actor,
                )
    # After placing, so that there is no moment without a hold.
    for hold in earlier:
        holds.release(hold, actor=actor)
