"""E-mail between one member of staff and one person (N4.9)."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from communications.models.notes import NO_HEALTH_DATA, WITHHELD
from contacts.models import Contact
from register.datamap import (
    Category,
    Ends,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
)
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED
LONGEST_BODY = 20_000


class Message(Expiring):
    """A mail to a person. The row is the work: a worker claims it before it sends.

    A row in state ``sending`` is or was in the hands of a worker. If that died, nobody
    knows whether the mail left, and nobody sends it again by itself.
    """

    class Kind(models.TextChoices):
        PERSONAL = "personal", _("written by a colleague")
        INFORMATION = "information", _("information letter")

    class State(models.TextChoices):
        QUEUED = "queued", _("waits to be sent")
        SENDING = "sending", _("is being sent")
        SENT = "sent", _("sent")
        REFUSED = "refused", _("not sent: the person must not be written to")
        FAILED = "failed", _("not sent: the mail server refused it")
        UNCERTAIN = "uncertain", _("it is not known whether it was sent")

    id = models.BigAutoField(primary_key=True)
    contact = models.ForeignKey(
        Contact, models.CASCADE, related_name="messages", verbose_name=_("contact")
    )
    sender = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("sent by"),
    )
    kind = models.CharField(
        _("kind"), max_length=12, choices=Kind, default=Kind.PERSONAL
    )
    address = models.CharField(_("e-mail address"), max_length=254)
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(
        _("text"), max_length=LONGEST_BODY, help_text=NO_HEALTH_DATA
    )
    carries_information = models.BooleanField(
        _("with the information of Art. 14"), default=False
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.QUEUED
    )
    # Why it was not sent: a code of communications.permission or an SMTP reply code.
    reason = models.CharField(_("reason"), max_length=30, blank=True)
    message_id = models.CharField(_("Message-ID"), max_length=200, blank=True)
    queued_at = models.DateTimeField(_("written"), default=timezone.now)
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    claimed_at = models.DateTimeField(_("taken by a worker"), null=True, blank=True)
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    tries = models.PositiveSmallIntegerField(_("tries"), default=0)

    data_map: ClassVar = ModelMap(
        category=Category.MESSAGES,
        subjects=(
            Subject("recipient", path="contact"),
            Subject(
                "member of staff", path="sender", kind="staff", erasure=Erasure.SCRUB
            ),
        ),
        activity="customer_relationship",
        source="staff",
        retention=Ends("messages", "P36M", "queued_at"),
        fields={
            "id": NotPersonal("number of the message"),
            "contact": Personal("to whom it was sent", portability=OBSERVED),
            "sender": Personal("who sent it", **WITHHELD),
            "kind": Personal("what kind of message", portability=OBSERVED),
            "address": Personal("to which address", portability=OBSERVED),
            "subject": Personal("subject", portability=OBSERVED, mentions_others=True),
            "body": Personal(
                "what was written", portability=OBSERVED, mentions_others=True
            ),
            "carries_information": Personal(
                "whether the information of Art. 14 went with it", portability=OBSERVED
            ),
            "state": Personal("whether it was sent", portability=OBSERVED),
            "reason": Personal("why it was not sent", portability=OBSERVED),
            "message_id": Personal("Message-ID of the mail", portability=OBSERVED),
            "queued_at": Personal("when it was written", portability=OBSERVED),
            "not_before": NotPersonal("when it is tried next"),
            "claimed_at": NotPersonal("when a worker took it"),
            "sent_at": Personal("when it was sent", portability=OBSERVED),
            "tries": NotPersonal("how often it was tried"),
            "ends_at": Personal("when the row is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-queued_at", "-id"]
        indexes = [
            # The worker: only what waits.
            models.Index(
                fields=["not_before", "id"],
                name="message_waiting",
                condition=models.Q(state="queued"),
            ),
            # What a killed worker left.
            models.Index(
                fields=["claimed_at"],
                name="message_in_hand",
                condition=models.Q(state="sending"),
            ),
            # The timeline.
            models.Index(fields=["contact", "-queued_at"], name="message_of_contact"),
            # The list of what went wrong.
            models.Index(
                fields=["-queued_at", "-id"],
                name="message_newest",
                include=["state", "kind"],
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"

    @property
    def is_over_unsent(self) -> bool:
        """Whether it was given up, so that a person may have it tried again."""
        return self.state in (
            self.State.REFUSED,
            self.State.FAILED,
            self.State.UNCERTAIN,
        )
