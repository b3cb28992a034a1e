"""The roles people have at companies, and what their duties are there."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.people import Contact, Source, without_source
from register.datamap import (
    Category,
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
class Affiliation(models.Model):
    """A person's role at a company, from and to (N7.4 hangs on it)."""

    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="affiliations", verbose_name=_("contact")
    )
    company = models.ForeignKey(
        Company, models.CASCADE, related_name="affiliations", verbose_name=_("company")
    )
    job_title = models.CharField(_("job title"), max_length=120, blank=True)
    department = models.CharField(
        _("department"), max_length=80, blank=True, default="", db_default=""
    )
    # Codes of Duty. On the row itself: whom a message suits is asked of a million.
    duties = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("duties"),
        default=list,
        db_default=[],
        blank=True,
    )
    is_main = models.BooleanField(_("main contact"), default=False, db_default=False)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_to = models.DateField(_("to"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        # Where somebody works is where they can be met.
        subjects=(Subject("contact person", path="contact", tells_whereabouts=True),),
        activity="customer_relationship",
        source="the person, the customer",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("whose role", portability=OBSERVED),
            "company": Personal("at which company", portability=OBSERVED),
            "job_title": Personal("job title"),
            "department": Personal("department"),
            "duties": Personal("duties at the company"),
            "is_main": Personal(
                "whether the company's main contact", portability=OBSERVED
            ),
            "valid_from": Personal("from"),
            "valid_to": Personal("to"),
            "source": Personal("where it came from", portability=OBSERVED),
            "created_at": Personal("when it was recorded", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("role at a company")
        verbose_name_plural = _("roles at companies")
        ordering = ["-valid_from", "id"]
        indexes = [without_source("affiliation_without_source")]
        constraints = [
            models.UniqueConstraint(
                fields=["company"],
                condition=models.Q(is_main=True),
                name="affiliation_one_main",
                violation_error_message=_("The company has a main contact already."),
            ),
            models.CheckConstraint(
                condition=models.Q(valid_to=None)
                | models.Q(valid_from=None)
                | models.Q(valid_to__gte=models.F("valid_from")),
                name="affiliation_ends_after_start",
                violation_error_message=_("The role ends before it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"Affiliation {self.pk}"
