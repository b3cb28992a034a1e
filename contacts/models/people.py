"""A person and the ways to reach them."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    SELF,
    Category,
    Identifier,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
    WithParent,
)
from register.models import Team


class Source(models.TextChoices):
    """Where a record came from (N3.4, GDPR Art. 14(2)(f))."""

    PERSON = "person", _("the person")
    STAFF = "staff", _("entered by staff")
    IMPORT = "import", _("an imported file")
    API = "api", _("another system of the controller")
    PUBLIC = "public", _("a public register")


def without_source(name: str) -> models.Index:
    """Return an index of the records whose source is unknown.

    It is empty unless something is wrong: the conformance board looks there.
    """
    return models.Index(
        fields=["id"], name=name, condition=~models.Q(source__in=Source.values)
    )


class Contact(models.Model):
    """A person the register knows: a contact person, a customer or a prospect.

    Contacts are never deleted by hand. Erasure goes through ``dsar``, the end of a
    period through ``retention``; both work from the data map.
    """

    class Relationship(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        PROSPECT = "prospect", _("prospect")
        OTHER = "other", _("other")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100, blank=True)
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, blank=True
    )
    relationship = models.CharField(
        _("relationship"),
        max_length=10,
        choices=Relationship,
        default=Relationship.PROSPECT,
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    source_detail = models.CharField(
        _("more about the source"),
        max_length=200,
        blank=True,
        help_text=_("For example the name of the list or of the event."),
    )
    responsible = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        # Indexed below.
        db_index=False,
        related_name="+",
        verbose_name=_("responsible"),
        help_text=_(
            "Who looks after the person. Rights to one's own people follow it."
        ),
    )
    team = models.ForeignKey(
        Team,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("team"),
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        root="contact",
        subjects=(Subject("contact", path=SELF),),
        activity="customer_relationship",
        source="the person, a customer company, public registers",
        retention=Reviewed(
            "contacts",
            "while the person is a customer's contact person or the history of a service the customer used is kept (N7.4)",
            "P24M",
            "created_at",
        ),
        fields={
            "id": Personal(
                "number of the record",
                identifies=(Identifier.ID,),
                portability=Portability.OBSERVED,
            ),
            "first_name": Personal("first name", identifies=(Identifier.NAME,)),
            "last_name": Personal("last name", identifies=(Identifier.NAME,)),
            "language": Personal("language"),
            "relationship": Personal(
                "kind of relationship", portability=Portability.INFERRED
            ),
            "source": Personal(
                "where the data came from", portability=Portability.OBSERVED
            ),
            "source_detail": Personal(
                "more about the source", portability=Portability.OBSERVED
            ),
            "responsible": NotPersonal(
                "the colleague who is responsible, no data of the customer"
            ),
            "team": NotPersonal(
                "the team that is responsible, no data of the customer"
            ),
            "created_at": Personal(
                "when the record was made", portability=Portability.OBSERVED
            ),
            "updated_at": Personal(
                "when the record was last changed", portability=Portability.OBSERVED
            ),
        },
    )

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        indexes = [
            # The contact list in its two orders. What the filters ask stands in them
            # too: whoever matches is found without reading the table.
            # Narrow: to page 10,000 half a million of its entries are walked.
            models.Index(fields=["-created_at", "id"], name="contact_newest"),
            models.Index(
                fields=["-created_at", "id"],
                include=["relationship", "source", "language"],
                name="contact_newest_filtered",
            ),
            models.Index(
                fields=["last_name", "first_name", "id"],
                include=["relationship", "source", "language", "created_at"],
                name="contact_by_name",
            ),
            # Filters that leave few, which walking an order would find late or never.
            models.Index(
                fields=["relationship", "source", "language", "-created_at", "id"],
                name="contact_by_filters",
            ),
            # One's own people, newest first; most rows have nobody responsible.
            models.Index(
                fields=["responsible", "-created_at", "id"],
                name="contact_own",
                condition=models.Q(responsible__isnull=False),
            ),
            models.Index(
                fields=["team", "-created_at", "id"],
                name="contact_of_team",
                condition=models.Q(team__isnull=False),
            ),
            without_source("contact_without_source"),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {str(self.pk)[:8]}"

    @property
    def full_name(self) -> str:
        """First and last name, for screens whose reader may see them."""
        return f"{self.first_name} {self.last_name}".strip()


class ContactPoint(models.Model):
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
    is_primary = models.BooleanField(_("primary"), default=False)
    # Mail to it came back for good. It stays known, so that it is not tried again.
    undeliverable_since = models.DateTimeField(
        _("undeliverable since"), null=True, blank=True, editable=False
    )
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
            "contact": Personal("whose address", portability=Portability.OBSERVED),
            "undeliverable_since": Personal(
                "since when it cannot be reached", portability=Portability.OBSERVED
            ),
            "kind": Personal("e-mail or telephone"),
            "value": Personal(
                "e-mail address or telephone number",
                identifies=(Identifier.EMAIL, Identifier.PHONE),
                varies_by="kind",
            ),
            "label": Personal("label"),
            "is_primary": Personal("whether it is used first"),
            "source": Personal("where it came from", portability=Portability.OBSERVED),
            "created_at": Personal("since when", portability=Portability.OBSERVED),
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
                condition=models.Q(is_primary=True),
                name="contactpoint_one_primary",
                violation_error_message=_("Only one address of a kind can be primary."),
            ),
        ]
        indexes = [
            # Finding the owner of an address: import, API, requests.
            models.Index(fields=["value", "kind"], name="contactpoint_value"),
            without_source("contactpoint_without_source"),
        ]

    def __str__(self) -> str:
        return f"ContactPoint {self.pk}"


class PostalAddress(models.Model):
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
            "contact": Personal("whose address", portability=Portability.OBSERVED),
            "street": Personal("street address", identifies=(Identifier.ADDRESS,)),
            "postcode": Personal("postcode"),
            "town": Personal("town"),
            "country": Personal("country"),
            "source": Personal("where it came from", portability=Portability.OBSERVED),
            "created_at": Personal("since when", portability=Portability.OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("postal address")
        verbose_name_plural = _("postal addresses")
        ordering = ["id"]
        indexes = [without_source("postaladdress_without_source")]

    def __str__(self) -> str:
        return f"PostalAddress {self.pk}"
