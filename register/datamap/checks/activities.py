"""Whether activities and recipients have what the law asks of them."""

from __future__ import annotations

from collections.abc import Iterator

from django.core import checks

from register.activities import ACTIVITIES, EEA, RECIPIENTS, LegalBasis
from register.datamap.checks.findings import finding


def check_activities() -> Iterator[checks.CheckMessage]:
    """Yield what activities and recipients lack."""
    for activity in ACTIVITIES.values():
        if (
            activity.basis is LegalBasis.LEGITIMATE_INTEREST
            and activity.balancing_test is None
        ):
            yield finding(
                "E020",
                f"The activity {activity.code!r} rests on legitimate interest without a balancing test.",
                "Write the balancing test in register/activities.py.",
                None,
            )
    for recipient in RECIPIENTS.values():
        if recipient.country not in EEA and not recipient.safeguard:
            yield finding(
                "E021",
                f"The recipient {recipient.code!r} is in {recipient.country}, outside the EEA, without a safeguard.",
                "Name the adequacy decision or the Art. 46 safeguard, or do not use the recipient.",
                None,
            )
