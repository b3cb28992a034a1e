"""The columns of an imported file that say who does not want to be contacted.

Only refusals are taken from a file: a permission needs evidence that a list does not
carry. A refusal is recorded even from a row that cannot be imported otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from consent.models import Prohibition
from consent.services import prohibitions
from contacts.services.imports.targets import (
    Flagged,
    Target,
    read_whether_happened,
    read_yes_no,
    register_target,
)
from register.actors import Actor

EMAIL, PHONE = Prohibition.Channel.EMAIL, Prohibition.Channel.PHONE


def prohibit_email(people: Sequence[Flagged], actor: Actor) -> int:
    """Record that these people refuse marketing by e-mail."""
    return _prohibit([(person, EMAIL) for person in people], actor)


def prohibit_phone(people: Sequence[Flagged], actor: Actor) -> int:
    """Record that these people refuse marketing by telephone."""
    return _prohibit([(person, PHONE) for person in people], actor)


def prohibit_marketing(people: Sequence[Flagged], actor: Actor) -> int:
    """Record that these people refuse marketing on every channel."""
    return _prohibit(
        [(person, channel) for person in people for channel in (EMAIL, PHONE)], actor
    )


def _prohibit(refused: list[tuple[Flagged, Prohibition.Channel]], actor: Actor) -> int:
    return prohibitions.add_many(
        [
            prohibitions.Refusal(
                address, channel, Prohibition.Purpose.MARKETING, person.contact_id
            )
            for person, channel in refused
            for address in _addresses(person, channel)
        ],
        method=Prohibition.Method.IMPORT,
        actor=actor,
    )


def _addresses(person: Flagged, channel: Prohibition.Channel) -> Sequence[str]:
    """Those of the channel; without any, those the person is recognised by."""
    own, other = (
        (person.emails, person.phones)
        if channel == EMAIL
        else (person.phones, person.emails)
    )
    return own or other


for _target in (
    Target(
        "marketing_prohibited",
        _("Refuses direct marketing"),
        read_yes_no,
        may_repeat=True,
        apply=prohibit_marketing,
    ),
    Target(
        "email_marketing_prohibited",
        _("Refuses marketing by e-mail"),
        read_yes_no,
        may_repeat=True,
        apply=prohibit_email,
    ),
    Target(
        "email_unsubscribed_at",
        _("Refuses marketing by e-mail, since"),
        read_whether_happened,
        may_repeat=True,
        apply=prohibit_email,
    ),
    Target(
        "phone_marketing_prohibited",
        _("Refuses marketing by telephone"),
        read_yes_no,
        may_repeat=True,
        apply=prohibit_phone,
    ),
):
    register_target(_target)
