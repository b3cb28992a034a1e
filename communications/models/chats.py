"""Customer-service chats on the website (N4.11, kept for three months: N7.2)."""

from __future__ import annotations

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
    Erasure,
    Identifier,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


class Chat(Expiring):
    """A conversation of one or more people with customer service."""

    id = models.BigAutoField(primary_key=True)
    external_id = models.CharField(
        _("number in the chat system"), max_length=80, blank=True
    )
    started_at = models.DateTimeField(_("started"))
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True)
    agent = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("agent"),
    )

    data_map: ClassVar = ModelMap(
        category=Category.CHATS,
        subjects=(
            Subject(
                "participant",
                path="participants__contact",
                erasure=Erasure.DELETE_WHEN_LAST,
            ),
        ),
        activity="customer_support",
        source="the person",
        retention=Ends("chats", "P3M", "ended_at", fallback="started_at"),
        fields={
            "id": NotPersonal("number of the chat"),
            "external_id": Personal(
                "number of the chat in the chat system", portability=OBSERVED
            ),
            "started_at": Personal("when the chat began", portability=OBSERVED),
            "ended_at": Personal("when the chat ended", portability=OBSERVED),
            "agent": NotPersonal(
                "account of the agent; the audit trail answers for it"
            ),
            "ends_at": Personal("when the chat is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("chat")
        verbose_name_plural = _("chats")
        ordering = ["-started_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ended_at=None)
                | models.Q(ended_at__gte=models.F("started_at")),
                name="chat_ends_after_start",
                violation_error_message=_("The chat ends before it begins."),
            ),
            models.UniqueConstraint(
                fields=["external_id"],
                condition=~models.Q(external_id=""),
                name="chat_external_id",
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"


class ChatParticipant(models.Model):
    """A person's part in a chat. Without a contact: a visitor who gave no address."""

    id = models.BigAutoField(primary_key=True)
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="participants")
    contact = models.ForeignKey(
        Contact,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="chat_participations",
    )
    display_name = models.CharField(_("name in the chat"), max_length=120, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.CHATS,
        subjects=(Subject("participant", path="contact"),),
        activity="customer_support",
        source="the person",
        retention=WithParent("chat"),
        fields={
            "id": NotPersonal("number of the row"),
            "chat": Personal("which chat", portability=OBSERVED),
            "contact": Personal("whose part", portability=OBSERVED),
            "display_name": Personal(
                "name used in the chat", identifies=(Identifier.NAME,)
            ),
        },
    )

    class Meta:
        verbose_name = _("participant of a chat")
        verbose_name_plural = _("participants of chats")
        # One row for each person; two where two records of one person were merged since.

    def __str__(self) -> str:
        return f"ChatParticipant {self.pk}"


class ChatLine(models.Model):
    """Something that was written in a chat, by a participant or by an agent."""

    id = models.BigAutoField(primary_key=True)
    chat = models.ForeignKey(Chat, models.CASCADE, related_name="lines")
    participant = models.ForeignKey(
        ChatParticipant,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="lines",
        help_text=_("Empty when customer service wrote the line."),
    )
    said_at = models.DateTimeField(_("time"), default=timezone.now)
    text = models.TextField(_("text"))

    data_map: ClassVar = ModelMap(
        category=Category.CHATS,
        subjects=(
            Subject("author", path="participant__contact"),
            # What others wrote in the same chat, customer service included: it may
            # be about the person, and it may be about somebody else.
            Subject(
                "partner in the conversation",
                path="chat__participants__contact",
                access=Access.REVIEW,
                erasure=Erasure.SCRUB,
            ),
        ),
        activity="customer_support",
        source="the person and customer service",
        retention=WithParent("chat"),
        fields={
            "id": NotPersonal("number of the row"),
            "chat": Personal("which chat", portability=OBSERVED),
            "participant": Personal("who wrote it", portability=OBSERVED),
            "said_at": Personal("when it was written", portability=OBSERVED),
            "text": Personal("what was written", mentions_others=True),
        },
    )

    class Meta:
        verbose_name = _("line of a chat")
        verbose_name_plural = _("lines of chats")
        ordering = ["said_at", "id"]

    def __str__(self) -> str:
        return f"ChatLine {self.pk}"
