"""Requests of data subjects."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Category,
    Ends,
    Erasure,
    Identifier,
    Keep,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
)
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED
# As long as the file of the request, which begins to end when the request is closed.
ACCOUNTABILITY = Keep("GDPR Art. 5(2)", "P3Y", "closed_at")
KEPT: dict[str, Any] = {
    "erasure": Erasure.KEEP,
    "keep": ACCOUNTABILITY,
    "portability": OBSERVED,
}
OF_REQUEST = Keep("GDPR Art. 5(2)", "P3Y", "request__closed_at")


class SuspensionReason(models.TextChoices):
    """What the clock of a request may wait for (EDPB Guidelines 01/2022)."""

    IDENTITY = "identity", _("the person is asked to prove who they are")
    CLARIFICATION = "clarification", _("the person is asked what the request is about")


class Request(Expiring):
    """A person asks. What identifies the person is emptied once they are erased."""

    class Kind(models.TextChoices):
        ACCESS = "access", _("access (Art. 15)")
        ERASURE = "erasure", _("erasure (Art. 17)")

    class Channel(models.TextChoices):
        EMAIL = "email", _("e-mail")
        POST = "post", _("post")
        PHONE = "phone", _("telephone")
        IN_PERSON = "in_person", _("in person")

    class State(models.TextChoices):
        RECEIVED = "received", _("received")
        IDENTIFIED = "identified", _("person found")
        REVIEW = "review", _("waiting for review")
        REVIEWED = "reviewed", _("reviewed")
        READY = "ready", _("package ready")
        PLANNED = "planned", _("erasure planned")
        APPROVAL = "approval", _("waiting for a second person")
        EXECUTING = "executing", _("being erased")
        CLOSED = "closed", _("closed")

    class Outcome(models.TextChoices):
        DELIVERED = "delivered", _("package handed over")
        ERASED = "erased", _("erased")
        NOT_FOUND = "not_found", _("nothing found about the person")
        REFUSED = "refused", _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.PositiveIntegerField(_("number"), unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    channel = models.CharField(_("arrived by"), max_length=10, choices=Channel)
    received_at = models.DateTimeField(
        _("received"),
        help_text=_("When the request arrived, not when it was noticed."),
    )
    state = models.CharField(
        _("state"), max_length=12, choices=State, default=State.RECEIVED
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    # The date the legal clock gives now; recomputed from the events at every one.
    due_on = models.DateField(_("due"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.CharField(_("e-mail address"), max_length=254, blank=True)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    other_identifiers = models.TextField(
        _("other identifiers"),
        blank=True,
        help_text=_("One on each line: former name, other addresses or numbers."),
    )
    # A decision of the controller about many people, each of whom is erased as if
    # alone. Otherwise all the contacts of a request are one person's.
    is_collective = models.BooleanField(
        _("about many people"), default=False, editable=False
    )
    language = models.CharField(
        _("language"), max_length=5, choices=settings.LANGUAGES, default="fi"
    )
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("handled by"),
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.REQUESTS,
        subjects=(
            Subject(
                "who asked", path="people", by_id="subject_id", erasure=Erasure.KEEP
            ),
        ),
        activity="data_subject_rights",
        source="the person",
        retention=Ends(
            "requests", "P3Y", "closed_at", fallback="received_at", lag="P1D"
        ),
        fields={
            "id": NotPersonal("number of the record"),
            "number": Personal("number of the request", **KEPT),
            "kind": Personal("what was asked", **KEPT),
            "channel": Personal("how it arrived", **KEPT),
            "received_at": Personal("when it arrived", **KEPT),
            "state": Personal("state", **KEPT),
            "outcome": Personal("outcome", **KEPT),
            "due_on": Personal("when it is due", **KEPT),
            "name": Personal(
                "name given in the request",
                erasure=Erasure.BLANK,
                identifies=(Identifier.NAME,),
            ),
            "email": Personal(
                "e-mail address given in the request",
                erasure=Erasure.BLANK,
                identifies=(Identifier.EMAIL,),
            ),
            "phone": Personal(
                "telephone given in the request",
                erasure=Erasure.BLANK,
                identifies=(Identifier.PHONE,),
            ),
            "other_identifiers": Personal(
                "other identifiers given in the request", erasure=Erasure.BLANK
            ),
            "is_collective": NotPersonal("whether it is about many people"),
            "language": Personal("language of the answer", **KEPT),
            "handled_by": NotPersonal(
                "account that handles the request; the audit trail answers for it"
            ),
            "closed_at": Personal("when it was closed", **KEPT),
            "ends_at": Personal("when the file of the request is deleted", **KEPT),
        },
    )

    class Meta:
        verbose_name = _("request")
        verbose_name_plural = _("requests")
        ordering = ["due_on", "number"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(outcome="erased")
                | models.Q(name="", email="", phone="", other_identifiers=""),
                name="request_erased_means_blank",
                violation_error_message=_(
                    "The record of an erasure holds no personal data."
                ),
            ),
        ]
        indexes = [
            # The list: open ones first, the most urgent at the top.
            models.Index(
                fields=["-closed_at", "due_on", "number"], name="request_urgent"
            ),
            models.Index(fields=["due_on", "number"], name="request_due"),
            models.Index(fields=["received_at"], name="request_received"),
        ]

    def __str__(self) -> str:
        return f"#{self.number}"

    @property
    def identifiers(self) -> list[str]:
        """What the person gave to be found by, one identifier each."""
        lines = [
            self.name,
            self.email,
            self.phone,
            *self.other_identifiers.splitlines(),
        ]
        return [line.strip() for line in lines if line.strip()]
