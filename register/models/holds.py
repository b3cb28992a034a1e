"""Holds: what must not be deleted although its period is over."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Category,
    Erasure,
    Keep,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
)

CLAIMS = Keep("GDPR Art. 17(3)(e)", "P3Y", "placed_at")
KEPT: dict[str, Any] = {
    "erasure": Erasure.KEEP,
    "keep": CLAIMS,
    "portability": Portability.OBSERVED,
}


class Hold(models.Model):
    """A documented reason why a person's records, or one record, must stay.

    It names people by UUID and records by label and key, because it must not itself
    keep the row from being deleted once it is released.
    """

    class Reason(models.TextChoices):
        ACCESS_REQUEST = "access_request", _("a request of the person is open")
        LEGAL_CLAIM = "legal_claim", _("a legal claim")
        AUTHORITY = "authority", _("an order of an authority")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subject_id = models.UUIDField(_("person"), null=True, blank=True, db_index=True)
    object_type = models.CharField(_("kind of record"), max_length=60, blank=True)
    object_id = models.CharField(_("record"), max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    reference = models.CharField(
        _("reference"),
        max_length=80,
        blank=True,
        help_text=_("Case number or the like. Do not write names."),
    )
    review_on = models.DateField(
        _("looked at again on"),
        null=True,
        blank=True,
    )
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("placed by"),
    )
    placed_at = models.DateTimeField(_("placed"), default=timezone.now)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.RETENTION,
        subjects=(
            Subject("whose data is held", by_id="subject_id", erasure=Erasure.KEEP),
        ),
        activity="accountability",
        source="recorded by the data protection officer",
        retention=Reviewed("holds", "while the reason stands", "P12M", "placed_at"),
        fields={
            "id": NotPersonal("number of the hold"),
            "subject_id": Personal("whose data", **KEPT),
            "object_type": NotPersonal("kind of record"),
            "object_id": NotPersonal("key of a record"),
            "reason": Personal("why the data is kept", **KEPT),
            # What was written is over with the case. Why and when it was held stays.
            "reference": Personal(
                "reference of the case",
                erasure=Erasure.BLANK,
                portability=Portability.OBSERVED,
            ),
            "review_on": NotPersonal("when the hold is looked at again"),
            "placed_by": NotPersonal(
                "account that placed the hold; the audit trail answers for it"
            ),
            "placed_at": Personal("since when", **KEPT),
            "released_at": Personal("until when", **KEPT),
        },
    )

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-placed_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(subject_id__isnull=False) | ~models.Q(object_id=""),
                name="hold_names_something",
                violation_error_message=_("Name a person or a record."),
            )
        ]
        indexes = [
            models.Index(fields=["placed_at", "id"], name="hold_newest"),
            models.Index(
                fields=["object_type", "object_id"],
                name="hold_on_object",
                condition=models.Q(released_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
