"""May we write to this person? The one place that answers, before queueing and at the send.

It looks at what the register knows today: the address, prohibitions of the person and
of the address. The gate over consents and purposes takes its place here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent import selectors as refusals
from consent.models import Prohibition
from contacts.models import Contact, ContactPoint

_REASONS: dict[str, str | Promise] = {
    "address_gone": _("The person has no such e-mail address any more."),
    "address_past": _("The e-mail address is not valid any more."),
    "undeliverable": _("Mail to this address comes back."),
    "prohibited": _("The person has prohibited customer communications by e-mail."),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Decision:
    """Whether a person may be written to, and why not."""

    code: str = ""

    @property
    def is_allowed(self) -> bool:
        """Whether nothing stands against it."""
        return not self.code

    @property
    def reason(self) -> str | Promise:
        """Why not, in a sentence."""
        return _REASONS.get(self.code, "")


def reason_in_words(code: str) -> str | Promise:
    """Return the sentence of a code that a message keeps."""
    return _REASONS.get(code, "")


def may_write_to(contact: Contact, address: str) -> Decision:
    """Decide whether a mail may go to ``address`` of a person now.

    A prohibition given with any of the person's addresses counts for all of them.
    """
    point = ContactPoint.objects.filter(
        contact=contact, kind=ContactPoint.Kind.EMAIL, value=address
    ).first()
    if point is None:
        return Decision("address_gone")
    if code := _fault_of(point):
        return Decision(code)
    refused = refusals.in_force_for(contact).filter(
        channel=Prohibition.Channel.EMAIL, purpose=Prohibition.Purpose.CUSTOMER
    )
    if refused.exists():
        return Decision("prohibited")
    return Decision()


def addresses_of(contacts: Sequence[Contact]) -> dict[UUID, tuple[str, str]]:
    """Return of each person the e-mail address that may be written to, or why there is none.

    The first is "" where there is none, the second then a code. The same answer as
    :func:`may_write_to` gives, for many people in three queries.
    """
    keys = [contact.pk for contact in contacts]
    found: dict[UUID, tuple[str, str]] = dict.fromkeys(keys, ("", "no_address"))
    points = ContactPoint.objects.filter(contact__in=keys, kind=ContactPoint.Kind.EMAIL)
    for point in points.order_by("-is_primary", "pk"):
        if not found[point.contact_id][0]:
            code = _fault_of(point)
            found[point.contact_id] = ("" if code else point.value, code)
    refused = refusals.refusing(
        keys, channel=Prohibition.Channel.EMAIL, purpose=Prohibition.Purpose.CUSTOMER
    )
    for key in refused:
        if found[key][0]:
            found[key] = ("", "prohibited")
    return found


def _fault_of(point: ContactPoint) -> str:
    today = timezone.localdate()
    if (point.valid_to or today) < today or (point.valid_from or today) > today:
        return "address_past"
    return "undeliverable" if point.undeliverable_since is not None else ""
