"""Why personal data is processed: purposes, legal bases, balancing tests, recipients.

The data map names these codes. They are facts about the controller's processing
(GDPR Art. 30), kept in code so that a model cannot name one that does not exist.
"""

from __future__ import annotations

import dataclasses

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, gettext_noop


class LegalBasis(models.TextChoices):
    """GDPR Art. 6(1)."""

    CONSENT = "consent", _("consent, Art. 6(1)(a)")
    CONTRACT = "contract", _("performance of a contract, Art. 6(1)(b)")
    LEGAL_OBLIGATION = "legal_obligation", _("legal obligation, Art. 6(1)(c)")
    LEGITIMATE_INTEREST = "legitimate_interest", _("legitimate interest, Art. 6(1)(f)")


@dataclasses.dataclass(frozen=True, slots=True)
class BalancingTest:
    """The weighing that legitimate interest requires (GDPR Art. 6(1)(f))."""

    reference: str
    interest: str
    why_necessary: str
    why_not_overridden: str


@dataclasses.dataclass(frozen=True, slots=True)
class Activity:
    """One processing activity: a purpose with its legal basis."""

    code: str
    purpose: str | Promise
    basis: LegalBasis
    balancing_test: BalancingTest | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody outside the controller's staff who receives data (N5, N6).

    ``safeguard`` names the lawful mechanism and is required outside the EEA.
    """

    code: str
    name: str
    country: str
    receives: str
    safeguard: str = ""


# Member states of the European Economic Area, ISO 3166-1.
_EEA_CODES = """
    AT BE BG HR CY CZ DK EE FI FR DE GR HU IS IE IT LV LI LT LU MT NL NO PL PT RO SK SI
    ES SE
"""
EEA = frozenset(_EEA_CODES.split())

ACTIVITIES: dict[str, Activity] = {
    activity.code: activity
    for activity in (
        Activity(
            "customer_relationship",
            _("Managing the customer relationship"),
            LegalBasis.LEGITIMATE_INTEREST,
            BalancingTest(
                "LIA-1",
                gettext_noop(
                    "Knowing whom to speak to at a customer or a possible customer."
                ),
                "A company is reached only through its people.",
                "Work-related contact details, expected by the persons, and every person can object.",
            ),
        ),
        Activity(
            "customer_support",
            _("Customer support"),
            LegalBasis.LEGITIMATE_INTEREST,
            BalancingTest(
                "LIA-2",
                gettext_noop(
                    "Answering customers and being able to show what was agreed."
                ),
                "A question cannot be answered without what was said before.",
                "Short fixed periods, restricted access, every play of a recording is logged.",
            ),
        ),
        Activity(
            "contact_preferences",
            _("Keeping to what people have said about being contacted"),
            LegalBasis.LEGAL_OBLIGATION,
        ),
        Activity(
            "data_subject_rights",
            _("Answering the requests of data subjects"),
            LegalBasis.LEGAL_OBLIGATION,
        ),
        Activity(
            "accountability",
            _("Showing that the data is used lawfully"),
            LegalBasis.LEGAL_OBLIGATION,
        ),
        Activity(
            "access_control",
            _("Access control and security of the register"),
            LegalBasis.LEGITIMATE_INTEREST,
            BalancingTest(
                "LIA-3",
                gettext_noop(
                    "Only those whose work needs it use the register, and it can be shown who did what."
                ),
                "An account cannot be personal without naming its holder.",
                "Staff know of it, and nothing is measured beyond the use of the register.",
            ),
        ),
    )
}

# No recipient yet: the first is recorded with the first model that names one.
RECIPIENTS: dict[str, Recipient] = {}
