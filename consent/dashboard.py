"""What the overview shows about who may be written to."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from consent.models import Prohibition
from contacts import quality
from contacts.dashboard import by_share
from contacts.models import ContactPoint
from contacts.quality import Measure
from register import dashboard
from register.dashboard import Plot
from register.datamap.vocabulary import Category

EMAIL = ContactPoint.Kind.EMAIL


def _refused() -> Exists:
    """Refusals that are known to be a person's; one by address alone names nobody."""
    return Exists(
        Prohibition.objects.filter(
            subject_id=OuterRef("pk"),
            channel=Prohibition.Channel.EMAIL,
            purpose=Prohibition.Purpose.MARKETING,
        )
    )


def _works() -> Exists:
    return quality.deliverable(ContactPoint, kind=EMAIL)


def _has_any() -> Exists:
    return Exists(
        ContactPoint.objects.filter(contact=OuterRef("pk"), kind=EMAIL).order_by()
    )


def _reachable() -> Any:
    return _works() & ~_refused()


def _undeliverable() -> Any:
    return _has_any() & ~_works() & ~_refused()


def _without() -> Any:
    return ~_has_any() & ~_refused()


_CODES = ("mail_works", "mail_fails", "mail_refused", "mail_none")
for _code, _title, _condition in zip(
    _CODES,
    (_("reachable"), _("undeliverable"), _("prohibited"), _("no e-mail address")),
    (_reachable, _undeliverable, lambda: Q(_refused()), _without),
    strict=True,
):
    quality.add(
        Measure(_code, _title, "", _condition, (Category.PROHIBITIONS,), on_board=False)
    )


def _reachability(reader: object) -> Plot | None:
    return by_share(_("E-mail marketing reaches"), _CODES, _("People"), reader)


dashboard.register(
    "reachability",
    title=_("E-mail marketing reaches"),
    category=Category.PROHIBITIONS,
    order=113,
    load_for=_reachability,
)
