"""Companies and other customers."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models.people import Source
from register.datamap import (
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
)
from register.history.versions import keeps_history
from register.models import Team

OBSERVED = Portability.OBSERVED


@keeps_history
class Company(models.Model):
    """A customer or prospect that people act for (N2.2)."""

    class Kind(models.TextChoices):
        COMPANY = "company", _("company")
        SOLE_TRADER = "sole_trader", _("sole trader")
        CONSUMER = "consumer", _("consumer or household")
        ASSOCIATION = "association", _("association or community")

    class Status(models.TextChoices):
        PROSPECT = "prospect", _("prospect")
        CUSTOMER = "customer", _("customer")
        FORMER = "former", _("former customer")
        OTHER = "other", _("other")

    # Kinds that are people: what is known of such a customer is that person's data,
    # and marketing to it follows the rules for people.
    NATURAL_PERSONS: ClassVar = (Kind.SOLE_TRADER, Kind.CONSUMER)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(
        _("kind"), max_length=12, choices=Kind, default=Kind.COMPANY
    )
    business_id = models.CharField(
        _("business id"),
        max_length=9,
        blank=True,
        help_text=_("Finnish business id, for example 2327327-1."),
    )
    street = models.CharField(_("street address"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    town = models.CharField(_("town"), max_length=80, blank=True)
    # Follows the agreements where there are any, see services.agreements; else staff say.
    status = models.CharField(
        _("status"),
        max_length=10,
        choices=Status,
        default=Status.PROSPECT,
        db_default=Status.PROSPECT.value,
    )
    status_since = models.DateField(_("status since"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source)
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
            "Who looks after the company. Rights to one's own companies follow it."
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
        category=Category.COMPANY,
        # The company stays when one of its people goes: it is the customer. What
        # ties the person to it is the affiliation, and that is deleted. A sole trader
        # or consumer is a person: what stands here is that person's, and goes with them.
        subjects=(
            Subject(
                "sole trader",
                path="affiliations__contact",
                when=("kind", "sole_trader"),
                erasure=Erasure.DELETE_WHEN_LAST,
                tells_whereabouts=True,
            ),
            Subject(
                "consumer",
                path="affiliations__contact",
                when=("kind", "consumer"),
                erasure=Erasure.DELETE_WHEN_LAST,
                tells_whereabouts=True,
            ),
            Subject(
                "contact person", path="affiliations__contact", erasure=Erasure.SCRUB
            ),
        ),
        activity="customer_relationship",
        source="the customer, public registers",
        retention=Reviewed(
            "companies",
            "while the company is a customer or a prospect",
            "P24M",
            "created_at",
        ),
        fields={
            "id": NotPersonal("number of the company"),
            "name": Personal("name of the company you act for", portability=OBSERVED),
            "kind": NotPersonal("legal form"),
            "business_id": Personal("business id of the company", portability=OBSERVED),
            "street": Personal("street address of the company", portability=OBSERVED),
            "postcode": Personal("postcode of the company", portability=OBSERVED),
            "town": Personal("town of the company", portability=OBSERVED),
            "status": Personal("whether it is a customer", portability=OBSERVED),
            "status_since": Personal("since when it is that", portability=OBSERVED),
            "source": NotPersonal("where the company's data came from"),
            "responsible": NotPersonal(
                "the colleague who is responsible, no data of the customer"
            ),
            "team": NotPersonal(
                "the team that is responsible, no data of the customer"
            ),
            "created_at": NotPersonal("technical time"),
            "updated_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("company")
        verbose_name_plural = _("companies")
        constraints = [
            models.UniqueConstraint(
                fields=["business_id"],
                condition=~models.Q(business_id=""),
                name="company_business_id",
                violation_error_message=_(
                    "A company with this business id exists already."
                ),
            )
        ]
        indexes = [
            # As of contacts: the order with what its filters ask, and few of many.
            models.Index(
                fields=["name", "id"],
                include=["kind", "status", "source", "responsible", "team"],
                name="company_by_name",
            ),
            models.Index(
                fields=["kind", "status", "source", "name", "id"],
                include=["responsible", "team"],
                name="company_by_filters",
            ),
            models.Index(
                fields=["responsible", "name", "id"],
                name="company_own",
                condition=models.Q(responsible__isnull=False),
            ),
            models.Index(
                fields=["name", "id"],
                name="company_of_nobody",
                condition=models.Q(responsible__isnull=True),
            ),
            models.Index(
                fields=["team", "name", "id"],
                name="company_of_team",
                condition=models.Q(team__isnull=False),
            ),
            # The filter by town.
            models.Index(fields=["town", "name", "id"], name="company_by_town"),
        ]

    def __str__(self) -> str:
        # The name of a sole trader is a person's name, so it is not said here.
        return f"{capfirst(self._meta.verbose_name)} {str(self.pk)[:8]}"

    @property
    def is_natural_person(self) -> bool:
        """Whether the customer is a person: a sole trader, a consumer or a household."""
        return self.kind in self.NATURAL_PERSONS
