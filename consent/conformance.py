"""Clauses N4.4, N4.15 and N8.4 as far as prohibitions go: a refusal stays recognisable."""

from __future__ import annotations

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from consent.models import Prohibition
from register.conformance.measures import capped, size_of
from register.conformance.registry import (
    Board,
    Finding,
    judge,
    live_check,
    not_built,
)

PROHIBITIONS = "admin:consent_prohibition_changelist"


@live_check(
    "prohibitions_recognised",
    "N4.4",
    "N8.4",
    promise=_(
        "Every prohibition is hashed with a key in force, so that the address is recognised."
    ),
    remedy=_(
        "Put the missing key back into ADDRESS_HASH_KEYS at once: without it these people could be contacted."
    ),
    link=PROHIBITIONS,
    labels={
        "keys": _("Keys in force"),
        "lost_keys": _("Keys that are missing"),
        "unrecognised": _("Prohibitions that are not recognised"),
    },
)
def prohibitions_recognised(board: Board) -> Finding:
    """Look for hashes whose key is no longer in force."""
    keys = [key.partition(":")[0] for key in settings.ADDRESS_HASH_KEYS]
    lost = Prohibition.objects.exclude(hash_key_id__in=keys)
    count = capped(lost)
    return judge(
        not count,
        rows=size_of(Prohibition),
        keys=len(keys),
        unrecognised=count,
        lost_keys=sorted(
            set(lost.order_by().values_list("hash_key_id", flat=True)[:1000])
        )
        if count
        else [],
    )


@live_check(
    "prohibitions_have_evidence",
    "N4.15",
    promise=_("Every prohibition says what is refused and how the refusal reached us."),
    remedy=_("Find out from the audit trail who recorded it, and record it anew."),
    link=PROHIBITIONS,
    labels={"without_evidence": _("Without channel, purpose or way it was given")},
)
def prohibitions_have_evidence(board: Board) -> Finding:
    """Look for prohibitions whose codes are none of the known ones."""
    odd = capped(
        Prohibition.objects.exclude(
            channel__in=Prohibition.Channel.values,
            purpose__in=Prohibition.Purpose.values,
            method__in=Prohibition.Method.values,
        )
    )
    return judge(not odd, rows=size_of(Prohibition), without_evidence=odd)


not_built(
    "permissions",
    "N4.15",
    what=_("Permissions that people give, with their evidence, are not kept yet."),
)
not_built(
    "objection_requests",
    "N8.4",
    what=_(
        "Marketing is not sent yet, so nothing stops it; objections on grounds of the person's own situation are not handled as requests yet."
    ),
)
