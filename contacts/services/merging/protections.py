"""Two protected addresses of one person: the stricter protection stays in force."""

from __future__ import annotations

import uuid
from datetime import date

from django.utils import timezone

from register.models import AddressProtection


def settle_protections(
    kept: uuid.UUID, gone: uuid.UUID
) -> list[tuple[str, str, str, str, str]]:
    """End the weaker of two protections in force, as only one may be.

    Returns what was changed: table, column, row, before, after.
    """
    in_force = AddressProtection.objects.filter(
        subject_id__in=[kept, gone], lifted_at=None
    ).select_for_update()
    found = sorted(in_force, key=lambda each: each.valid_until or date.max)
    if len(found) < 2:
        return []
    weaker = found[0]
    weaker.lifted_at = timezone.now()
    weaker.save(update_fields=["lifted_at"])
    label = AddressProtection._meta.label
    return [(label, "lifted_at", str(weaker.pk), "", weaker.lifted_at.isoformat())]
