"""Clauses N1: the controller and its data protection officer are named."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from register.conformance.registry import Board, Finding, judge, live_check
from register.identifiers import try_normalise_business_id, try_normalise_email
from register.services import controller

FACTS = "admin:register_controller_changelist"
NEEDED = ("name", "business_id", "street_address", "postcode", "town")


@live_check(
    "controller_named",
    "N1.1",
    promise=_(
        "Name, business id with the right check digit, street address, postcode and town of the controller are set."
    ),
    remedy=_("Complete the facts of the controller."),
    link=FACTS,
    labels={
        "missing": _("Missing"),
        "business_id_is_valid": _("Check digit of the business id is right"),
    },
)
def controller_named(board: Board) -> Finding:
    """Look at what packages tell people about the controller."""
    facts = controller.current()
    missing = [name for name in NEEDED if not getattr(facts, name).strip()]
    is_valid = try_normalise_business_id(facts.business_id) is not None
    return judge(
        not missing and is_valid, missing=missing, business_id_is_valid=is_valid
    )


@live_check(
    "officer_reachable",
    "N1.2",
    promise=_(
        "An e-mail address and a postal address of the data protection officer are set."
    ),
    remedy=_("Complete the contact details of the officer."),
    link=FACTS,
    labels={
        "email_is_valid": _("The e-mail address can be written to"),
        "has_postal_address": _("There is a postal address"),
    },
)
def officer_reachable(board: Board) -> Finding:
    """Look at where requests are told to be sent."""
    facts = controller.current()
    has_email = try_normalise_email(facts.dpo_email) is not None
    has_address = bool(facts.dpo_address.strip())
    return judge(
        has_email and has_address,
        email_is_valid=has_email,
        has_postal_address=has_address,
    )
