"""Write down what keys without a role could reach, say who answers for a key, and end all."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

# What the scopes let a key without a role do until now.
_LOOK, _WRITE = ("view",), ("view", "add", "change")
_REACH = {
    "contacts:read": {"identity": _LOOK},
    "contacts:write": {"identity": _WRITE, "company": _LOOK},
    "chats:read": {"chats": _LOOK, "identity": _LOOK},
    "chats:write": {"chats": _WRITE, "identity": _WRITE, "company": _LOOK},
    "calls:read": {"communication": _LOOK, "recordings": _LOOK, "identity": _LOOK},
    "calls:write": {
        "communication": _WRITE,
        "recordings": _WRITE,
        "identity": _WRITE,
        "company": _LOOK,
    },
}


def write_down(apps: Any, schema_editor: Any) -> None:
    """Give keys without a role one that says what they reach, and all of them an end."""
    key_model = apps.get_model("register", "ApiKey")
    role_model = apps.get_model("register", "Role")
    right_model = apps.get_model("register", "RoleRight")
    for key in key_model.objects.filter(role=None):
        scopes = sorted(set(key.scopes))
        # The letters of "contacts" and "chats" differ in the second.
        letters = (scope[:2] + scope.partition(":")[2][:1] for scope in scopes)
        role, is_new = role_model.objects.get_or_create(
            code="-".join(["interface", *letters]),
            defaults={
                "name": "API: "
                + ("everything" if len(scopes) == len(_REACH) else ", ".join(scopes)),
                "default_purpose": "customer_relationship",
            },
        )
        if is_new:
            pairs = {
                (category, action)
                for scope in scopes
                for category, actions in _REACH[scope].items()
                for action in actions
            }
            right_model.objects.bulk_create(
                right_model(role=role, category=category, action=action, scope="all")
                for category, action in sorted(pairs)
            )
        key.role = role
        key.save(update_fields=["role"])
    # Who uses a key has a year to replace it.
    latest = timezone.now() + timedelta(days=365)
    key_model.objects.filter(expires_at=None).update(expires_at=latest)
    key_model.objects.filter(owner=None).update(owner=models.F("created_by"))


class Migration(migrations.Migration):
    dependencies = [("register", "0022_rules_for_look_ups")]

    operations = [
        migrations.AddField(
            model_name="apikey",
            name="owner",
            field=models.ForeignKey(
                blank=True,
                help_text="Who answers for the key and replaces it before it ends.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        # What is written down stays when the field goes.
        migrations.RunPython(write_down, migrations.RunPython.noop),
    ]
