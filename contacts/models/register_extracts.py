"""What the public register of companies says, beside what staff know."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from register.datamap import (
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.history.versions import keeps_history

OBSERVED = Portability.OBSERVED


@keeps_history
class RegisterExtract(models.Model):
    """The last answer of the business information system (YTJ) about a company.

    ``applied`` names the fields of the company that were filled from it and that nobody
    has corrected since; ``kept`` those where staff chose their own value over the one
    that stands here.
    """

    class Outcome(models.TextChoices):
        FOUND = "found", _("found")
        CEASED = "ceased", _("has ceased")
        NOT_FOUND = "not_found", _("not in the register")

    company = models.OneToOneField(
        Company,
        models.CASCADE,
        related_name="register_extract",
        verbose_name=_("company"),
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    name = models.CharField(_("name"), max_length=200, blank=True)
    street = models.CharField(_("street address"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    town = models.CharField(_("town"), max_length=80, blank=True)
    form = models.CharField(_("legal form"), max_length=120, blank=True)
    business_line = models.CharField(_("line of business"), max_length=200, blank=True)
    website = models.CharField(_("website"), max_length=200, blank=True)
    registered_on = models.DateField(_("registered"), null=True, blank=True)
    ceased_on = models.DateField(_("ceased"), null=True, blank=True)
    applied = ArrayField(
        models.CharField(max_length=20), verbose_name=_("taken over"), default=list
    )
    kept = ArrayField(
        models.CharField(max_length=20), verbose_name=_("own value kept"), default=list
    )
    fetched_at = models.DateTimeField(_("fetched"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        reached_with=("company",),
        # A part of the company: it goes with it, and stays with it.
        subjects=(
            Subject(
                "sole trader",
                path="company__affiliations__contact",
                when=("company__kind", "sole_trader"),
                erasure=Erasure.SCRUB,
                tells_whereabouts=True,
            ),
        ),
        activity="customer_relationship",
        source="the public business information system (YTJ)",
        retention=WithParent("company"),
        fields={
            "id": NotPersonal("number of the row"),
            "company": NotPersonal("which company"),
            "outcome": NotPersonal("vocabulary"),
            "name": Personal("name in the public register", portability=OBSERVED),
            "street": Personal("address in the public register", portability=OBSERVED),
            "postcode": Personal(
                "postcode in the public register", portability=OBSERVED
            ),
            "town": Personal("town in the public register", portability=OBSERVED),
            "form": NotPersonal("legal form"),
            "business_line": Personal("line of business", portability=OBSERVED),
            "website": Personal("website in the public register", portability=OBSERVED),
            "registered_on": Personal("when it was registered", portability=OBSERVED),
            "ceased_on": Personal("when it ceased", portability=OBSERVED),
            "applied": NotPersonal("names of fields"),
            "kept": NotPersonal("names of fields"),
            "fetched_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("extract of the public register")
        verbose_name_plural = _("extracts of the public register")
        indexes = [
            # For the refresh in the background: the oldest first.
            models.Index(fields=["fetched_at"], name="registerextract_oldest")
        ]

    def __str__(self) -> str:
        return f"RegisterExtract {self.pk}"
