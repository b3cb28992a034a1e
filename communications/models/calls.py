"""Calls to the service number and their recordings (N4.12, seven months: N7.3)."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models import Contact
from register.datamap import (
    Access,
    Category,
    Ends,
    Identifier,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
)
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


def recording_path(recording: Recording | None = None, filename: str = "") -> str:
    """Return a random name to store a file under; what the sender called it is not kept."""
    return f"recordings/{uuid.uuid4()}"


class Call(Expiring):
    """That a person called or was called, when, and from which number."""

    class Direction(models.TextChoices):
        INBOUND = "inbound", _("incoming")
        OUTBOUND = "outbound", _("outgoing")

    id = models.BigAutoField(primary_key=True)
    external_id = models.CharField(
        _("number in the telephone system"), max_length=80, blank=True
    )
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="calls",
        verbose_name=_("contact"),
    )
    direction = models.CharField(_("direction"), max_length=8, choices=Direction)
    number = models.CharField(_("telephone number"), max_length=20, blank=True)
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"))
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("agent"),
    )

    data_map: ClassVar = ModelMap(
        category=Category.COMMUNICATION,
        subjects=(Subject("caller or called", path="contact"),),
        activity="customer_support",
        source="the telephone system",
        retention=Ends("calls", "P12M", "ended_at"),
        fields={
            "id": NotPersonal("number of the call"),
            "external_id": Personal(
                "number of the call in the telephone system", portability=OBSERVED
            ),
            "contact": Personal("who called or was called", portability=OBSERVED),
            "direction": Personal("incoming or outgoing", portability=OBSERVED),
            "number": Personal(
                "telephone number", identifies=(Identifier.PHONE,), portability=OBSERVED
            ),
            "started_at": Personal("when the call began", portability=OBSERVED),
            "ended_at": Personal("when the call ended", portability=OBSERVED),
            "agent": NotPersonal(
                "account of the agent; the audit trail answers for it"
            ),
            "ends_at": Personal(
                "when the record of the call is deleted", portability=OBSERVED
            ),
        },
    )

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at__gte=models.F("started_at")),
                name="call_ends_after_start",
                violation_error_message=_("The call ends before it begins."),
            ),
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~models.Q(external_id=""),
                name="call_external_id",
            ),
        ]
        indexes = [
            # Calls of a number that belongs to no contact yet: requests, matching.
            models.Index(fields=["number"], name="call_number"),
            models.Index(
                fields=["direction", "ends_at", "id"], name="call_by_direction"
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"


class Recording(Expiring):
    """The recording of a call. The row and its file end together."""

    id = models.BigAutoField(primary_key=True)
    call = models.OneToOneField(Call, models.CASCADE, related_name="recording")
    file = models.FileField(_("file"), upload_to=recording_path, max_length=200)
    content_type = models.CharField(_("type"), max_length=40)
    size = models.PositiveBigIntegerField(_("size in bytes"))
    sha256 = models.CharField(_("fingerprint"), max_length=64)
    # The end of the call stands here too: the period of the recording counts from it
    # and must not depend on another row.
    call_ended_at = models.DateTimeField(_("end of the call"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.RECORDINGS,
        subjects=(Subject("speaker", path="call__contact"),),
        activity="customer_support",
        source="the telephone system",
        retention=Ends("recordings", "P7M", "call_ended_at"),
        fields={
            "id": NotPersonal("number of the recording"),
            "call": Personal("which call", portability=OBSERVED),
            "file": Personal(
                "the recording",
                access=Access.REVIEW,
                portability=OBSERVED,
                mentions_others=True,
            ),
            "content_type": NotPersonal("kind of file"),
            "size": Personal("size of the recording in bytes", portability=OBSERVED),
            "sha256": Personal("fingerprint of the recording", portability=OBSERVED),
            "call_ended_at": Personal("when the call ended", portability=OBSERVED),
            "received_at": Personal(
                "when the recording was stored", portability=OBSERVED
            ),
            "ends_at": Personal("when the recording is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("recording")
        verbose_name_plural = _("recordings")

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
