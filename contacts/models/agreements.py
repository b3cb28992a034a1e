"""Which services a customer uses or used: what a contact person is kept for (N7.4)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.people import Contact, Source, without_source
from contacts.models.vocabularies import Service
from register.datamap import (
    Category,
    Ends,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.history.versions import keeps_history
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED
# An agreement in force has not ended; its history ends a period after it does. A date
# that nobody lives to see says so, because a row without one would never be deleted.
IN_FORCE = datetime(9000, 1, 1, tzinfo=UTC)


@keeps_history
class ServiceAgreement(Expiring):
    """That a customer uses a service, from and to.

    The customer is a company of any kind, or a person who is a consumer. What has ended
    is the history of the service used; it is kept for a period and then deleted.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(
        Service, models.PROTECT, related_name="agreements", verbose_name=_("service")
    )
    company = models.ForeignKey(
        Company,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="agreements",
        verbose_name=_("company"),
    )
    person = models.ForeignKey(
        Contact,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="agreements",
        verbose_name=_("consumer"),
    )
    reference = models.CharField(_("number"), max_length=60, blank=True)
    starts_on = models.DateField(_("from"), default=timezone.localdate)
    ends_on = models.DateField(
        _("to"),
        null=True,
        blank=True,
        help_text=_("The last day. Empty while there is no end."),
    )
    ended_at = models.DateTimeField(
        _("ended"), default=IN_FORCE, db_default=IN_FORCE, editable=False
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        reached_with=("company",),
        subjects=(
            # It is the customer's; who speaks for the customer is told of it, and leaves it.
            Subject(
                "contact person",
                path="contact_persons__contact",
                erasure=Erasure.SCRUB,
            ),
            Subject("customer", path="person"),
            # A part of the customer: it goes with it, and stays with it.
            Subject(
                "sole trader",
                path="company__affiliations__contact",
                when=("company__kind", "sole_trader"),
                erasure=Erasure.SCRUB,
            ),
            Subject(
                "consumer",
                path="company__affiliations__contact",
                when=("company__kind", "consumer"),
                erasure=Erasure.SCRUB,
            ),
        ),
        activity="customer_relationship",
        source="the customer",
        retention=Ends("history of services", "P24M", "ended_at"),
        fields={
            "id": NotPersonal("number of the agreement"),
            "service": Personal("which service", portability=OBSERVED),
            "company": NotPersonal("which customer"),
            "person": Personal("whose agreement", portability=OBSERVED),
            "reference": Personal("number of the agreement", portability=OBSERVED),
            "starts_on": Personal("from", portability=OBSERVED),
            "ends_on": Personal("to", portability=OBSERVED),
            "ended_at": Personal(
                "when it ended; the year 9000 while it is in force",
                portability=OBSERVED,
            ),
            "source": Personal("where it came from", portability=OBSERVED),
            "created_at": Personal("when it was recorded", portability=OBSERVED),
            "ends_at": Personal("until when the history is kept", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("service agreement")
        verbose_name_plural = _("service agreements")
        ordering = ["-starts_on", "id"]
        indexes = [
            # The list in its order.
            models.Index(fields=["-starts_on", "id"], name="agreement_newest"),
            without_source("agreement_without_source"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(company=None) | Q(person=None),
                name="agreement_one_customer",
                violation_error_message=_(
                    "An agreement is a company's or a person's, not both."
                ),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=models.F("starts_on")),
                name="agreement_ends_after_start",
                violation_error_message=_("The agreement ends before it begins."),
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None, ended_at=IN_FORCE)
                | Q(ends_on__isnull=False, ended_at__lt=IN_FORCE),
                name="agreement_ended_means_end",
            ),
        ]

    def __str__(self) -> str:
        return f"ServiceAgreement {str(self.pk)[:8]}"

    @property
    def is_past(self) -> bool:
        """Whether its last day is over (in Finland)."""
        return self.ends_on is not None and self.ends_on < timezone.localdate()


class AgreementContact(models.Model):
    """That a person is a contact person for an agreement."""

    agreement = models.ForeignKey(
        ServiceAgreement,
        models.CASCADE,
        related_name="contact_persons",
        verbose_name=_("agreement"),
    )
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        related_name="agreement_roles",
        verbose_name=_("contact"),
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        # Whose customer somebody works for tells where they can be met.
        subjects=(Subject("contact person", path="contact", tells_whereabouts=True),),
        activity="customer_relationship",
        source="the customer",
        retention=WithParent("agreement"),
        fields={
            "id": NotPersonal("number of the row"),
            "agreement": Personal("of which agreement", portability=OBSERVED),
            "contact": Personal("whose role", portability=OBSERVED),
            "created_at": Personal("when it was recorded", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("contact person of an agreement")
        verbose_name_plural = _("contact persons of agreements")
        ordering = ["id"]
        # Named once, as `clean` sees to; twice where two records of a person were merged.

    def __str__(self) -> str:
        return f"AgreementContact {self.pk}"

    def clean(self) -> None:
        """Refuse to name a person twice."""
        named = AgreementContact.objects.filter(
            agreement=self.agreement_id, contact=self.contact_id
        )
        if named.exclude(pk=self.pk).exists():
            raise ValidationError(_("The person is named twice."), "unique")
