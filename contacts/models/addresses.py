"""The ways to reach a person: each with its time, how sure it is, and which comes first."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.people import Contact, Source, without_source
from register.datamap import (
    Category,
    Identifier,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.history.versions import keeps_history
from register.models import User

OBSERVED = Portability.OBSERVED


class Usage(models.TextChoices):
    """What an address is for."""

    WORK = "work", _("work")
    HOME = "home", _("home")
    INVOICING = "invoicing", _("invoicing")
    OTHER = "other", _("other")


class Verification(models.TextChoices):
    """How it became sure that an address is the person's."""

    LINK = "link", _("the person followed a link sent to it")
    REPLY = "reply", _("the person answered from it")
    CALL = "call", _("told by the person on the telephone")
    MEETING = "meeting", _("told by the person face to face")
    DOCUMENT = "document", _("seen in a document")


class Address(models.Model):
    """What e-mail addresses, numbers and postal addresses have in common."""

    usage = models.CharField(
        _("use"),
        max_length=10,
        choices=Usage,
        blank=True,
        default="",
        db_default="",
    )
    is_primary = models.BooleanField(_("primary"), default=False, db_default=False)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(
        _("to"),
        null=True,
        blank=True,
        help_text=_("The last day on which it may be used."),
    )
    verified_at = models.DateTimeField(
        _("verified"), null=True, blank=True, editable=False
    )
    verified_how = models.CharField(
        _("verified how"),
        max_length=10,
        choices=Verification,
        blank=True,
        default="",
        db_default="",
    )
    verified_by = models.ForeignKey(
        User,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="+",
        verbose_name=_("verified by"),
    )
    # What was sent to it came back for good. It stays known, so that it is not tried again.
    undeliverable_since = models.DateTimeField(
        _("undeliverable since"), null=True, blank=True, editable=False
    )

    class Meta:
        abstract = True

    @property
    def is_past(self) -> bool:
        """Whether its last day is over (in Finland)."""
        return self.valid_to is not None and self.valid_to < timezone.localdate()


def _meanings() -> dict[str, Personal | NotPersonal]:
    return {
        "usage": Personal("what it is used for"),
        "is_primary": Personal("whether it is used first"),
        "valid_from": Personal("from when it may be used"),
        "valid_to": Personal("until when it may be used"),
        "verified_at": Personal("when it was verified", portability=OBSERVED),
        "verified_how": Personal("how it was verified", portability=OBSERVED),
        # Of our own staff: a name of somebody else, not the person's.
        "verified_by": NotPersonal("which member of staff verified it"),
        "undeliverable_since": Personal(
            "since when it cannot be reached", portability=OBSERVED
        ),
    }


def _in_order(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(valid_to=None)
        | Q(valid_from=None)
        | Q(valid_to__gte=models.F("valid_from")),
        name=name,
        violation_error_message=_("The address ends before it begins."),
    )


def _ending(name: str) -> models.Index:
    """Return an index of the few primary addresses with a last day, for services.endings."""
    return models.Index(
        fields=["valid_to"],
        name=name,
        condition=Q(is_primary=True, valid_to__isnull=False),
    )


def _dated(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(verified_how="") | Q(verified_at__isnull=False),
        name=name,
        violation_error_message=_("Say when the address was verified."),
    )


@keeps_history
class ContactPoint(Address):
    """An e-mail address or telephone number of a person, in its normal form."""

    class Kind(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("telephone")

    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="points", verbose_name=_("contact")
    )
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    value = models.CharField(
        _("address or number"),
        max_length=254,
        help_text=_(
            "Telephone numbers are stored internationally, e-mail addresses in lower case."
        ),
    )
    label = models.CharField(_("label"), max_length=40, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        subjects=(Subject("contact", path="contact"),),
        activity="customer_relationship",
        source="the person, a customer company, public registers",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("whose address", portability=OBSERVED),
            "kind": Personal("e-mail or telephone"),
            "value": Personal(
                "e-mail address or telephone number",
                identifies=(Identifier.EMAIL, Identifier.PHONE),
                varies_by="kind",
            ),
            "label": Personal("label"),
            "source": Personal("where it came from", portability=OBSERVED),
            "created_at": Personal("since when", portability=OBSERVED),
            **_meanings(),
        },
    )

    class Meta:
        verbose_name = _("e-mail or telephone")
        verbose_name_plural = _("e-mails and telephones")
        ordering = ["kind", "-is_primary", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "kind", "value"],
                name="contactpoint_once",
                violation_error_message=_("The contact has this address already."),
            ),
            models.UniqueConstraint(
                fields=["contact", "kind"],
                condition=Q(is_primary=True),
                name="contactpoint_one_primary",
                violation_error_message=_("Only one address of a kind can be primary."),
            ),
            _in_order("contactpoint_ends_after_start"),
            _dated("contactpoint_verified_how"),
        ]
        indexes = [
            # Finding the owner of an address: import, API, requests.
            models.Index(fields=["value", "kind"], name="contactpoint_value"),
            # The filter by addresses from which everything comes back: few of many.
            models.Index(
                fields=["kind", "contact"],
                name="contactpoint_undeliverable",
                condition=Q(undeliverable_since__isnull=False),
            ),
            without_source("contactpoint_without_source"),
            _ending("contactpoint_ending"),
        ]

    def __str__(self) -> str:
        return f"ContactPoint {self.pk}"


@keeps_history
class PostalAddress(Address):
    """A postal address of a person."""

    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="addresses", verbose_name=_("contact")
    )
    street = models.CharField(_("street address"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    town = models.CharField(_("town"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=2, default="FI")
    source = models.CharField(_("source"), max_length=10, choices=Source)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        subjects=(Subject("contact", path="contact", tells_whereabouts=True),),
        activity="customer_relationship",
        source="the person, a customer company, public registers",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("whose address", portability=OBSERVED),
            "street": Personal("street address", identifies=(Identifier.ADDRESS,)),
            "postcode": Personal("postcode"),
            "town": Personal("town"),
            "country": Personal("country"),
            "source": Personal("where it came from", portability=OBSERVED),
            "created_at": Personal("since when", portability=OBSERVED),
            **_meanings(),
        },
    )

    class Meta:
        verbose_name = _("postal address")
        verbose_name_plural = _("postal addresses")
        ordering = ["-is_primary", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["contact"],
                condition=Q(is_primary=True),
                name="postaladdress_one_primary",
                violation_error_message=_("Only one postal address can be primary."),
            ),
            _in_order("postaladdress_ends_after_start"),
            _dated("postaladdress_verified_how"),
        ]
        indexes = [
            without_source("postaladdress_without_source"),
            _ending("postaladdress_ending"),
        ]

    def __str__(self) -> str:
        return f"PostalAddress {self.pk}"
