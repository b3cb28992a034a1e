"""Refusals of somebody whose two records were one for a while."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import datetime

from consent import selectors
from consent.models import Prohibition
from consent.services import prohibitions
from consent.services.prohibitions import Refusal
from contacts.models import Contact
from contacts.services.merging.strictness import register_parting
from register.actors import Actor


def register() -> None:
    """Make it known; called once, when the app is ready."""
    register_parting("refusals", refuse_for_both)


def refuse_for_both(
    kept: uuid.UUID, back: uuid.UUID, since: datetime, actor: Actor
) -> None:
    """Let what was refused since two people were one be refused by each of them."""
    people = list(Contact.objects.filter(pk__in=[kept, back]).order_by("pk"))
    given = {
        (row.channel, row.purpose): row.method
        for person in people
        for row in selectors.in_force_for(person).filter(created_at__gte=since)
    }
    added: dict[str, list[Refusal]] = defaultdict(list)
    for person in people:
        address = person.points.values_list("value", flat=True).first()
        standing = selectors.in_force_for(person).values_list("channel", "purpose")
        if address is None:
            continue  # nothing can be sent to them
        for channel, purpose in given.keys() - set(standing):
            added[given[channel, purpose]].append(
                Refusal(
                    address,
                    Prohibition.Channel(channel),
                    Prohibition.Purpose(purpose),
                    person.pk,
                )
            )
    for method, refusals in added.items():
        prohibitions.add_many(refusals, method=Prohibition.Method(method), actor=actor)
