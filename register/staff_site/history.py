"""The audit trail of one record in sentences."""

from __future__ import annotations

from typing import Any

from django.db import models

from register import audit
from register.models import AuditEntry, User
from register.screens import rows


def history_lines(
    entries: list[AuditEntry], model: type[models.Model]
) -> list[dict[str, Any]]:
    """Return each entry with its sentence, who did it, and the fields it names."""
    staff_ids = {
        entry.actor_id
        for entry in entries
        if entry.actor_kind == AuditEntry.Actor.STAFF
    }
    names = {
        str(user.pk): user.get_full_name()
        for user in User.objects.filter(pk__in=staff_ids)
    }
    return [
        {
            "entry": entry,
            "sentence": audit.ACTIONS.get(entry.action, entry.action),
            "who": names.get(entry.actor_id) or entry.get_actor_kind_display(),
            "fields": [
                rows.field_name(model, name) for name in entry.details.get("fields", ())
            ],
        }
        for entry in entries
    ]
