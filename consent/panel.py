"""The notice of prohibitions at the top of a person's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent import selectors
from consent.models import Prohibition
from contacts import panels
from contacts.models import Contact
from register.datamap.vocabulary import Category

EMAIL, PHONE = Prohibition.Channel.EMAIL, Prohibition.Channel.PHONE
MARKETING, CUSTOMER = Prohibition.Purpose.MARKETING, Prohibition.Purpose.CUSTOMER

_SENTENCES: dict[tuple[str, str], Promise] = {
    (EMAIL, MARKETING): _("Has prohibited direct marketing by e-mail."),
    (PHONE, MARKETING): _("Has prohibited direct marketing by telephone."),
    (EMAIL, CUSTOMER): _("Has prohibited customer communications by e-mail."),
    (PHONE, CUSTOMER): _("Has prohibited customer communications by telephone."),
}


def notices(contact_id: UUID, *, user: Any) -> list[panels.Notice]:
    """One sentence for each channel and purpose that is refused."""
    refused = selectors.in_force_for(Contact(pk=contact_id))
    pairs = dict.fromkeys(refused.values_list("channel", "purpose"))
    return [
        panels.Notice(_SENTENCES[pair], tone=panels.Tone.WARNING, icon="block")
        for pair in pairs
    ]


panels.register_panel("prohibitions", Category.PROHIBITIONS, notices)
