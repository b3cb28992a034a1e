"""What is found for an access request, and the package that answers it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models.requests import Request
from register.datamap import (
    Access,
    Category,
    Ends,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


class Finding(models.Model):
    """A value that waits for the DPO's review before it is given.

    The value itself stays in its table; only a redacted version is kept here, and
    goes with the request or with the person.
    """

    class Verdict(models.TextChoices):
        WAITING = "waiting", _("not reviewed")
        GIVE = "give", _("give")
        REDACT = "redact", _("give with parts removed")
        WITHHOLD = "withhold", _("withhold")

    class Ground(models.TextChoices):
        OTHERS = "others", _("data of other people, Art. 15(4)")
        SECRET = "secret", _("business secret")
        SECURITY = "security", _("security of the service")

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(Request, models.CASCADE, related_name="findings")
    table = models.CharField(_("table"), max_length=60)
    row_key = models.CharField(_("row"), max_length=40)
    field = models.CharField(_("field"), max_length=60)
    # The whole that the row is part of, or its table: what is reviewed together.
    conversation = models.CharField(_("conversation"), max_length=110, default="")
    verdict = models.CharField(
        _("decision"), max_length=10, choices=Verdict, default=Verdict.WAITING
    )
    ground = models.CharField(_("ground"), max_length=10, choices=Ground, blank=True)
    redacted = models.TextField(_("version that is given"), blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.REQUESTS,
        subjects=(Subject("who asked", path="request__people", by_id="subject_id"),),
        activity="data_subject_rights",
        source="recorded by the data protection officer",
        retention=WithParent("request"),
        fields={
            "id": NotPersonal("number of the row"),
            "request": Personal("which request", portability=OBSERVED),
            "table": Personal("kind of record that was reviewed", portability=OBSERVED),
            "row_key": Personal("number of the record", portability=OBSERVED),
            "field": Personal("which part of it", portability=OBSERVED),
            "conversation": NotPersonal("what is reviewed together"),
            "verdict": Personal("what was decided", portability=OBSERVED),
            "ground": Personal("why", portability=OBSERVED),
            "redacted": Personal("the version that was given", portability=OBSERVED),
            "decided_by": NotPersonal(
                "account that decided; the audit trail answers for it"
            ),
            "decided_at": Personal("when it was decided", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("value to review")
        verbose_name_plural = _("values to review")
        ordering = ["table", "row_key", "field"]
        constraints = [
            models.UniqueConstraint(
                fields=["request", "table", "row_key", "field"], name="finding_once"
            ),
            models.CheckConstraint(
                condition=~models.Q(verdict="withhold") | ~models.Q(ground=""),
                name="finding_withheld_has_ground",
                violation_error_message=_("Say on which ground the value is withheld."),
            ),
        ]
        indexes = [
            # What is reviewed next, and how much of each conversation is left.
            models.Index(
                fields=["request", "table", "conversation"],
                name="finding_by_conversation",
            ),
        ]

    def __str__(self) -> str:
        return f"Finding {self.pk}"


def package_path(package: Package, filename: str) -> str:
    """Store the file under a random name."""
    return f"packages/{uuid.uuid4()}.zip"


class Package(Expiring):
    """The answer to an access request as one file."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    request = models.ForeignKey(Request, models.CASCADE, related_name="packages")
    file = models.FileField(_("file"), upload_to=package_path, max_length=200)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    revision = models.CharField(_("revision of the data map"), max_length=16)
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    created_at = models.DateTimeField(_("made"), default=timezone.now)
    downloaded_at = models.DateTimeField(_("downloaded"), null=True, blank=True)
    # A copy must not outlive what it is a copy of.
    contents_end_at = models.DateTimeField(
        _("first of its contents deleted"), null=True, blank=True
    )

    data_map: ClassVar = ModelMap(
        category=Category.REQUESTS,
        subjects=(Subject("who asked", path="request__people", by_id="subject_id"),),
        activity="data_subject_rights",
        source="made from the register",
        retention=Ends(
            "packages",
            "P30D",
            "created_at",
            no_later_than="contents_end_at",
            lag="PT1H",
        ),
        fields={
            "id": NotPersonal("number of the package"),
            "request": Personal("which request", portability=OBSERVED),
            "file": Personal(
                "an earlier package",
                access=Access.WITHHOLD,
                ground="a copy of what this package holds",
                portability=OBSERVED,
            ),
            "size": Personal("size of an earlier package", portability=OBSERVED),
            "sha256": Personal(
                "fingerprint of an earlier package", portability=OBSERVED
            ),
            "revision": NotPersonal("revision of the data map"),
            "row_count": Personal("rows in an earlier package", portability=OBSERVED),
            "created_at": Personal("when a package was made", portability=OBSERVED),
            "downloaded_at": Personal(
                "when a package was handed over", portability=OBSERVED
            ),
            "contents_end_at": Personal(
                "when the first record in a package is deleted", portability=OBSERVED
            ),
            "ends_at": Personal("when a package is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("package")
        verbose_name_plural = _("packages")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"Package {self.pk}"

    @property
    def is_only_held(self) -> bool:
        """Whether its period is over, and only the open request keeps it."""
        return self.ends_at is not None and self.ends_at <= timezone.now()
