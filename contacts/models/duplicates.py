"""Records that may be of the same person or company, and what was decided about them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.companies import Company
from contacts.models.people import Contact
from register.datamap import (
    Access,
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)


class Feature(models.TextChoices):
    """What two records have in common, or what speaks against it."""

    EMAIL = "email", _("same e-mail address")
    SHARED_EMAIL = "shared_email", _("same shared mailbox")
    PHONE = "phone", _("same telephone number")
    SHARED_PHONE = "shared_phone", _("same number as several others")
    BUSINESS_ID = "business_id", _("different business ids")
    NAME = "name", _("same name")
    SWAPPED = "swapped", _("same name, first and last name swapped")
    INITIAL = "initial", _("same last name, one with an initial")
    SIMILAR = "similar", _("almost the same name")
    OTHER_NAME = "other_name", _("different names")
    COMPANY = "company", _("same company")
    ADDRESS = "address", _("same postal address")
    DOMAIN = "domain", _("e-mail addresses of the same organisation")


def in_words(features: Iterable[str]) -> list[str]:
    """Return what features are called."""
    names = dict(Feature.choices)
    return [str(names.get(each, each)) for each in features]


class Situation(models.TextChoices):
    """When records are compared: how sure it must be differs."""

    TYPING = "typing", _("warning while a new record is typed")
    ASKING = "asking", _("question before a new record is saved")
    SCAN = "scan", _("list of possible duplicates")


class MatchKind(models.TextChoices):
    """Records of what are compared."""

    CONTACT = "contact", _("people")
    COMPANY = "company", _("companies")


class MatchWeight(models.Model):
    """How much a feature speaks for two records being of one (or, below zero, against)."""

    kind = models.CharField(_("records of"), max_length=10, choices=MatchKind)
    feature = models.CharField(_("feature"), max_length=20, choices=Feature)
    weight = models.SmallIntegerField(_("weight"))

    data_map: ClassVar = ModelMap(
        category=Category.DATA_MAP,
        fields={
            "id": NotPersonal("number of the row"),
            "kind": NotPersonal("vocabulary"),
            "feature": NotPersonal("vocabulary"),
            "weight": NotPersonal("a number"),
        },
    )

    class Meta:
        verbose_name = _("weight of a feature of duplicates")
        verbose_name_plural = _("weights of features of duplicates")
        ordering = ["kind", "-weight", "feature"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "feature"],
                name="matchweight_once",
                violation_error_message=_("This feature has a weight already."),
            ),
            models.CheckConstraint(
                condition=models.Q(weight__gte=-100, weight__lte=100),
                name="matchweight_in_range",
                violation_error_message=_("A weight is a number from -100 to 100."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_feature_display()}"


class MatchThreshold(models.Model):
    """How many points two records need in a situation to be taken for possible duplicates."""

    kind = models.CharField(_("records of"), max_length=10, choices=MatchKind)
    situation = models.CharField(_("situation"), max_length=10, choices=Situation)
    points = models.PositiveSmallIntegerField(_("points"))

    data_map: ClassVar = ModelMap(
        category=Category.DATA_MAP,
        fields={
            "id": NotPersonal("number of the row"),
            "kind": NotPersonal("vocabulary"),
            "situation": NotPersonal("vocabulary"),
            "points": NotPersonal("a number"),
        },
    )

    class Meta:
        verbose_name = _("threshold of duplicates")
        verbose_name_plural = _("thresholds of duplicates")
        ordering = ["kind", "points"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "situation"],
                name="matchthreshold_once",
                violation_error_message=_("This situation has a threshold already."),
            ),
            models.CheckConstraint(
                # At no points at all everybody would be everybody's duplicate.
                condition=models.Q(points__gte=10, points__lte=300),
                name="matchthreshold_in_range",
                violation_error_message=_("A threshold is a number from 10 to 300."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_situation_display()}"


class Pair(models.Model):
    """Two records that may be of one, and whether somebody said that they are not."""

    class State(models.TextChoices):
        OPEN = "open", _("to be looked at")
        # Remembered, so that nobody is asked about the two again.
        DIFFERENT = "different", _("not the same")

    id = models.BigAutoField(primary_key=True)
    points = models.IntegerField(_("points"))
    features = ArrayField(
        models.CharField(max_length=20, choices=Feature), verbose_name=_("why")
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.OPEN
    )
    found_at = models.DateTimeField(_("found"), default=timezone.now, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        # Who decided stands in the audit trail too.
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{type(self).__name__} {self.pk}"

    @classmethod
    def of(cls) -> type[models.Model]:
        """Return the model of the two records."""
        field: Any = next(f for f in cls._meta.fields if f.name == "first")
        model: type[models.Model] = field.related_model
        return model


# Of two records each is about somebody else, so neither is told who the other is.
_ONE: dict[str, Any] = {
    "access": Access.WITHHOLD,
    "portability": Portability.INFERRED,
    "ground": "data of other people, GDPR Art. 15(4); your own is in this package",
}
_FIELDS: dict[str, Personal | NotPersonal] = {
    "id": NotPersonal("number of the row"),
    "points": Personal("how alike the records are", portability=Portability.INFERRED),
    "features": Personal(
        "in what the records are alike", portability=Portability.INFERRED
    ),
    "state": Personal(
        "whether they were found to be of different people",
        portability=Portability.INFERRED,
    ),
    "found_at": Personal(
        "when your record was found to be like another",
        portability=Portability.OBSERVED,
    ),
    "decided_by": NotPersonal("account that decided; the audit trail answers for it"),
    "decided_at": NotPersonal("technical time"),
}


class ContactPair(Pair):
    """Two contacts that may be one person. Whoever stores it puts the smaller key first."""

    first = models.ForeignKey(
        Contact, models.CASCADE, related_name="+", verbose_name=_("one record")
    )
    second = models.ForeignKey(
        Contact, models.CASCADE, related_name="+", verbose_name=_("other record")
    )

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        subjects=(
            Subject("one of two alike", path="first"),
            Subject("other of two alike", path="second"),
        ),
        activity="customer_relationship",
        source="comparison of records",
        retention=WithParent("first"),
        seen_with=("first", "second"),
        fields={
            **_FIELDS,
            "first": Personal("one of the records", **_ONE),
            "second": Personal("the other record", **_ONE),
        },
    )

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("possible duplicates")
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="contactpair_once"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-points", "id"], name="contactpair_queue")
        ]


# Kinds of customers whose data is a person's, with the role of that person.
NATURAL_PERSONS = (
    ("sole trader", Company.Kind.SOLE_TRADER),
    ("consumer", Company.Kind.CONSUMER),
)


class CompanyPair(Pair):
    """Two companies that may be one. Whoever stores it puts the smaller key first."""

    first = models.ForeignKey(
        Company, models.CASCADE, related_name="+", verbose_name=_("one record")
    )
    second = models.ForeignKey(
        Company, models.CASCADE, related_name="+", verbose_name=_("other record")
    )

    data_map: ClassVar = ModelMap(
        category=Category.COMPANY,
        # A company is nobody's; the firm of a sole trader is a person's.
        subjects=tuple(
            Subject(
                role,
                path=f"{side}__affiliations__contact",
                when=(f"{side}__kind", kind.value),
                erasure=Erasure.SCRUB,
            )
            for side in ("first", "second")
            for role, kind in NATURAL_PERSONS
        ),
        activity="customer_relationship",
        source="comparison of records",
        retention=WithParent("first"),
        seen_with=("first", "second"),
        fields={
            **_FIELDS,
            "first": Personal("one of the records", **_ONE),
            "second": Personal("the other record", **_ONE),
        },
    )

    class Meta:
        verbose_name = _("possible duplicate of a company")
        verbose_name_plural = _("possible duplicates of companies")
        constraints = [
            models.UniqueConstraint(
                fields=["first", "second"], name="companypair_once"
            ),
        ]
        indexes = [
            models.Index(fields=["state", "-points", "id"], name="companypair_queue")
        ]
