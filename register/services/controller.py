"""The controller: who answers for the register (N1.1, N1.2)."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction

from register import audit
from register.actors import Actor
from register.models import Controller

FIELDS = (
    "name",
    "business_id",
    "street_address",
    "postcode",
    "town",
    "dpo_email",
    "dpo_address",
)


def current() -> Controller:
    """Return the controller; until it is saved, what the settings say, unsaved.

    What nobody has said yet is empty: letters leave it out, and the set-up page says
    that it is missing.
    """
    return Controller.objects.first() or Controller(
        **{name: settings.CONTROLLER.get(name, "") for name in FIELDS}
    )


def is_saved() -> bool:
    """Whether the register itself holds the controller, not only the settings."""
    return Controller.objects.exists()


@transaction.atomic
def save(values: Mapping[str, str], *, actor: Actor) -> list[str]:
    """Save what is given and keep the rest; return the names of the fields changed.

    Refuses what the model refuses (``ValidationError``): a wrong check digit, an
    address that is none, and anything that would stay empty.
    """
    before = Controller.objects.select_for_update().first()
    controller = before or current()
    earlier = {name: getattr(before, name, "") for name in FIELDS}
    for name, value in values.items():
        setattr(controller, name, value.strip())
    controller.full_clean(validate_unique=False)
    changed = [name for name in FIELDS if getattr(controller, name) != earlier[name]]
    if changed:
        controller.save()
        audit.record("controller.changed", actor=actor, obj=controller, fields=changed)
    return changed
