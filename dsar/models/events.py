"""What happened to a request."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dsar.models.requests import OBSERVED, OF_REQUEST, Request
from register.datamap import (
    Category,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Subject,
    WithParent,
)


class RequestEvent(models.Model):
    """Something that happened to a request. The legal clock is a fold over these."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("received")
        IDENTIFIED = "identified", _("person found")
        SUSPENDED = "suspended", _("clock stopped: waiting for the person")
        RESUMED = "resumed", _("clock goes on")
        EXTENDED = "extended", _("extended by two months")
        COLLECTED = "collected", _("data collected")
        REVIEWED = "reviewed", _("review finished")
        PACKAGED = "packaged", _("package made")
        DELIVERED = "delivered", _("package downloaded")
        PLANNED = "planned", _("erasure planned")
        APPROVED = "approved", _("approved by a second person")
        REJECTED = "rejected", _("rejected by a second person")
        ERASED = "erased", _("erased")
        VERIFIED = "verified", _("erasure verified")
        CLOSED = "closed", _("closed")

    id = models.BigAutoField(primary_key=True)
    request = models.ForeignKey(Request, models.CASCADE, related_name="events")
    kind = models.CharField(_("event"), max_length=12, choices=Kind)
    at = models.DateTimeField(_("time"), default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("by"),
    )
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.REQUESTS,
        subjects=(
            Subject(
                "who asked",
                path="request__people",
                by_id="subject_id",
                erasure=Erasure.KEEP,
            ),
        ),
        activity="data_subject_rights",
        source="recorded by the register",
        retention=WithParent("request"),
        fields={
            "id": NotPersonal("number of the event"),
            "request": Personal("which request", erasure=Erasure.KEEP, keep=OF_REQUEST),
            "kind": Personal(
                "what happened",
                erasure=Erasure.KEEP,
                keep=OF_REQUEST,
                portability=OBSERVED,
            ),
            "at": Personal(
                "when it happened",
                erasure=Erasure.KEEP,
                keep=OF_REQUEST,
                portability=OBSERVED,
            ),
            "by": NotPersonal("account that acted; the audit trail answers for it"),
            "reason": Personal("why", erasure=Erasure.BLANK, mentions_others=True),
        },
    )

    class Meta:
        verbose_name = _("event of a request")
        verbose_name_plural = _("events of requests")
        ordering = ["at", "id"]

    def __str__(self) -> str:
        return f"RequestEvent {self.pk}"
