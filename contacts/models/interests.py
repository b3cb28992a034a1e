"""What people are interested in, and what the controller made of that.

Two tables, because the law tells them apart: what the person said is theirs to take
along (GDPR Art. 20), what was concluded is profiling and can be objected to (Art. 21).
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.people import Contact, Source, without_source
from contacts.models.vocabularies import Topic
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

OBSERVED, INFERRED = Portability.OBSERVED, Portability.INFERRED


@keeps_history
class Interest(models.Model):
    """An interest the person named (N4.16)."""

    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="interests", verbose_name=_("contact")
    )
    topic = models.ForeignKey(
        Topic, models.PROTECT, related_name="+", verbose_name=_("topic")
    )
    given_on = models.DateField(_("given on"), default=timezone.localdate)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.CLASSIFICATION,
        subjects=(Subject("contact", path="contact"),),
        activity="customer_relationship",
        source="the person",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("whose interest", portability=OBSERVED),
            "topic": Personal("what the person is interested in"),
            "given_on": Personal("since when", portability=OBSERVED),
            "source": Personal("where it came from", portability=OBSERVED),
            "created_at": Personal("when it was recorded", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("interest")
        verbose_name_plural = _("interests")
        ordering = ["topic__name"]
        indexes = [without_source("interest_without_source")]
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "topic"],
                name="interest_once",
                violation_error_message=_("The person has this interest already."),
            )
        ]

    def __str__(self) -> str:
        return f"Interest {self.pk}"


@keeps_history
class InferredInterest(models.Model):
    """An interest the controller concluded from something (N4.8)."""

    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        related_name="inferred_interests",
        verbose_name=_("contact"),
    )
    topic = models.ForeignKey(
        Topic, models.PROTECT, related_name="+", verbose_name=_("topic")
    )
    concluded_from = models.CharField(
        _("concluded from"),
        max_length=200,
        help_text=_("For example brochures asked for, or what was bought."),
    )
    concluded_on = models.DateField(_("concluded on"), default=timezone.localdate)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.PROFILE,
        subjects=(Subject("contact", path="contact"),),
        activity="customer_relationship",
        source="concluded by the controller",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("about whom", portability=INFERRED),
            "topic": Personal("interest that was concluded", portability=INFERRED),
            "concluded_from": Personal(
                "what it was concluded from", portability=INFERRED
            ),
            "concluded_on": Personal("since when", portability=INFERRED),
            "source": Personal("where it came from", portability=INFERRED),
            "created_at": Personal("when it was recorded", portability=INFERRED),
        },
    )

    class Meta:
        verbose_name = _("concluded interest")
        verbose_name_plural = _("concluded interests")
        ordering = ["topic__name"]
        indexes = [without_source("inferred_without_source")]
        constraints = [
            models.UniqueConstraint(
                fields=["contact", "topic"],
                name="inferredinterest_once",
                violation_error_message=_("This interest was concluded already."),
            )
        ]

    def __str__(self) -> str:
        return f"InferredInterest {self.pk}"


@keeps_history
class Profile(models.Model):
    """What the controller made of a person for choosing whom to tell what (N4.8)."""

    class RoleLevel(models.TextChoices):
        MANAGEMENT = "management", _("management")
        MIDDLE = "middle", _("middle management")
        SPECIALIST = "specialist", _("specialist")
        WORKER = "worker", _("worker")
        OWNER = "owner", _("owner")
        OTHER = "other", _("other")

    class CompanySize(models.TextChoices):
        MICRO = "micro", _("fewer than 10 people")
        SMALL = "small", _("10–49 people")
        MEDIUM = "medium", _("50–249 people")
        LARGE = "large", _("250 people or more")

    contact = models.OneToOneField(
        Contact, models.CASCADE, related_name="profile", verbose_name=_("contact")
    )
    role_level = models.CharField(
        _("level of the role"), max_length=10, choices=RoleLevel, blank=True
    )
    industry = models.CharField(_("industry of interest"), max_length=80, blank=True)
    company_size = models.CharField(
        _("size of the company"), max_length=10, choices=CompanySize, blank=True
    )
    # GDPR Art. 21: from then on nothing is concluded about the person
    # (contacts.services.interests), and what was is gone.
    objected_at = models.DateTimeField(
        _("objected to profiling"), null=True, blank=True, editable=False
    )
    source = models.CharField(_("source"), max_length=10, choices=Source)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    data_map: ClassVar = ModelMap(
        category=Category.PROFILE,
        subjects=(Subject("contact", path="contact"),),
        activity="customer_relationship",
        source="concluded by the controller",
        retention=WithParent("contact"),
        fields={
            "id": NotPersonal("number of the row"),
            "contact": Personal("about whom", portability=INFERRED),
            "role_level": Personal("level of the role", portability=INFERRED),
            "industry": Personal("industry of interest", portability=INFERRED),
            "company_size": Personal("size of the company", portability=INFERRED),
            "objected_at": Personal("when the person objected to profiling"),
            "source": Personal("where it came from", portability=INFERRED),
            "updated_at": Personal("when it was last changed", portability=INFERRED),
        },
    )

    class Meta:
        verbose_name = _("profile")
        verbose_name_plural = _("profiles")

    def __str__(self) -> str:
        return f"Profile {self.pk}"
