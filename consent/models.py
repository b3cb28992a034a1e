"""What people have said about being contacted."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

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
    Reviewed,
    Subject,
)

IN_FORCE = Keep("GDPR Art. 21(3)", "P100Y", "created_at")
KEPT: dict[str, Any] = {"erasure": Erasure.KEEP, "keep": IN_FORCE}


class Prohibition(models.Model):
    """A standing refusal to be contacted (N4.4). It outlives the contact it came from.

    The address is a keyed hash, not a foreign key: erasing the contact must not lift
    the refusal, and nobody can read the address from it.
    """

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("telephone")

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("direct marketing")
        CUSTOMER = "customer", _("customer communications")

    class Method(models.TextChoices):
        IMPORT = "import", _("imported list")
        STAFF = "staff", _("told to staff")
        API = "api", _("another system of the controller")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address_hash = models.CharField(_("keyed hash of the address"), max_length=64)
    hash_key_id = models.CharField(_("key of the hash"), max_length=16)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    method = models.CharField(_("how it was given"), max_length=10, choices=Method)
    subject_id = models.UUIDField(_("person"), null=True, blank=True, db_index=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.PROHIBITIONS,
        subjects=(Subject("who refused", by_id="subject_id", erasure=Erasure.KEEP),),
        activity="contact_preferences",
        source="the person",
        retention=Reviewed(
            "prohibitions", "while the refusal stands", "P60M", "created_at"
        ),
        fields={
            "id": NotPersonal("number of the row"),
            "address_hash": Personal("keyed hash of the address", **KEPT),
            "hash_key_id": NotPersonal("which key made the hash"),
            "channel": Personal("channel that is refused", **KEPT),
            "purpose": Personal("purpose that is refused", **KEPT),
            "method": Personal("how the refusal reached us", **KEPT),
            "subject_id": Personal("who refused", **KEPT),
            "created_at": Personal("since when", **KEPT),
        },
    )

    class Meta:
        verbose_name = _("prohibition")
        verbose_name_plural = _("prohibitions")
        constraints = [
            models.UniqueConstraint(
                fields=["address_hash", "channel", "purpose"],
                name="prohibition_once",
                violation_error_message=_(
                    "This address is already prohibited on this channel."
                ),
            )
        ]
        indexes = [
            # The list in its order with what its filters ask, and few of many.
            models.Index(
                fields=["-created_at", "id"],
                include=["channel", "purpose", "method"],
                name="prohibition_newest",
            ),
            models.Index(
                fields=["channel", "purpose", "method", "-created_at", "id"],
                name="prohibition_by_filters",
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {str(self.pk)[:8]}"
