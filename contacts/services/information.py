"""Keeping that people were told (GDPR Art. 14), one by one or many at once."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact, InformationGiven
from contacts.models.people import DUTY_OPEN
from register import audit
from register.actors import Actor
from register.errors import DomainError

audit.register_actions(
    {"information.given": _("kept that a person was informed (Art. 14)")}
)
audit.register_looks(audit.Look.HANDED_OUT, "information.given")

How = InformationGiven.How


def fulfil(
    contact: Contact, *, how: InformationGiven.How, evidence: str = "", actor: Actor
) -> bool:
    """Keep that a person was told, or need not be; return whether that was still open.

    Raises DomainError if a reason is needed and none is given.
    """
    return fulfil_many([contact.pk], how=how, evidence=evidence, actor=actor) == 1


@transaction.atomic
def fulfil_many(
    contact_ids: Collection[uuid.UUID],
    *,
    how: InformationGiven.How,
    evidence: str = "",
    actor: Actor,
) -> int:
    """Keep the same of many people; return of how many it was still open."""
    evidence = evidence.strip()
    if how in InformationGiven.NEEDS_EVIDENCE and not evidence:
        raise DomainError(
            "evidence_missing",
            _("Say why the person need not be told."),
            field="evidence",
        )
    locked = Contact.objects.select_for_update(no_key=True).filter(
        DUTY_OPEN, pk__in=contact_ids
    )
    keys = list(locked.order_by("pk").values_list("pk", flat=True))
    now = timezone.now()
    rows = [
        InformationGiven(
            contact_id=key,
            how=how,
            evidence=evidence,
            given_at=now,
            given_by=actor.user,
        )
        for key in keys
    ]
    if rows:
        try:
            rows[0].full_clean(exclude=["contact", "given_by"])
        except ValidationError as error:
            raise DomainError("invalid", error.messages[0], field="evidence") from error
    InformationGiven.objects.bulk_create(rows, batch_size=1000)
    Contact.objects.filter(pk__in=keys).update(informed_at=now)
    audit.record_many(
        [
            audit.entry_values(
                "information.given",
                actor=actor,
                object_type="contacts.contact",
                object_id=key,
                subject_id=key,
                kind=str(how),
            )
            for key in keys
        ]
    )
    return len(keys)
