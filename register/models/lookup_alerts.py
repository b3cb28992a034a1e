"""Alerts about unusual look-ups, and what became of them."""

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
    Ends,
    Erasure,
    Keep,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
    WithParent,
)
from register.models.api_keys import ApiKey
from register.models.lookups import LookupRule
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED
# The colleague is given all of it with an access request.
SAID: dict[str, Any] = {"portability": OBSERVED}
KEPT: dict[str, Any] = {
    "erasure": Erasure.KEEP,
    "keep": Keep("GDPR Art. 5(2)", "P24M", "alert__opened_at"),
    "portability": OBSERVED,
}


class LookupAlert(Expiring):
    """Look-ups that a rule finds unusual, in one open matter that grows. No names here.

    Most have a good reason. It says what was counted; a person says what it was.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        LOOKED_AT = "looked_at", _("being looked at")
        CLOSED = "closed", _("closed")

    class Outcome(models.TextChoices):
        JUSTIFIED = "justified", _("justified by the work")
        REMINDER = "reminder", _("a reminder was given")
        MISUSE = "misuse", _("misuse suspected: to be assessed as a breach")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rule = models.CharField(_("rule"), max_length=20, choices=LookupRule.Code)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("account"),
    )
    api_key = models.ForeignKey(
        ApiKey,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("API key"),
    )
    opened_at = models.DateTimeField(_("raised"), default=timezone.now)
    last_at = models.DateTimeField(_("last look"))
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.OPEN
    )
    handled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("looked at by"),
    )
    question = models.CharField(_("question"), max_length=500, blank=True)
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=2000, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True)
    reason = models.CharField(
        _("reason"),
        max_length=500,
        blank=True,
        help_text=_("Do not write the names of the people looked at."),
    )
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.LOOKUPS,
        subjects=(Subject("member of staff", path="account", kind="staff"),),
        activity="accountability",
        source="counted from the audit trail",
        # One that nobody closes ends too: monitoring must not be kept by neglect.
        retention=Ends("alerts of look-ups", "P24M", "closed_at", fallback="last_at"),
        fields={
            "id": NotPersonal("number of the alert"),
            "rule": Personal("which rule", **SAID),
            "account": Personal("whose look-ups", portability=OBSERVED),
            "api_key": NotPersonal("which other system"),
            "opened_at": Personal("when it was noticed", **SAID),
            "last_at": Personal("when you last looked", **SAID),
            "state": Personal("whether it is decided", **SAID),
            "handled_by": NotPersonal("the colleague who looks into it"),
            "question": Personal("what you were asked", portability=OBSERVED),
            "asked_at": Personal("when you were asked", portability=OBSERVED),
            "answer": Personal("what you answered", mentions_others=True),
            "answered_at": Personal("when you answered", portability=OBSERVED),
            "outcome": Personal("what was decided", **SAID),
            "reason": Personal("why it was decided so", mentions_others=True, **SAID),
            "closed_at": Personal("when it was decided", **SAID),
            "ends_at": Personal("when the row is deleted", portability=OBSERVED),
        },
    )

    class Meta:
        verbose_name = _("unusual look-up")
        verbose_name_plural = _("unusual look-ups")
        ordering = ["-last_at", "id"]
        indexes = [
            models.Index(fields=["-last_at", "id"], name="lookupalert_newest"),
            # What waits: the overview, and the board's question for old ones.
            models.Index(
                fields=["opened_at"],
                name="lookupalert_waiting",
                condition=models.Q(closed_at=None),
            ),
            # What an account has been asked, on each of its overviews.
            models.Index(
                fields=["account", "rule", "last_at"], name="lookupalert_matter"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state="closed")
                | models.Q(closed_at__isnull=False)
                & ~models.Q(outcome="")
                & ~models.Q(reason=""),
                name="lookupalert_closed_with_reason",
                violation_error_message=_("An alert is closed with a reason."),
            )
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {str(self.pk)[:8]}"


class LookupOccasion(models.Model):
    """What was counted for an alert on one local day, and against which limits."""

    alert = models.ForeignKey(
        LookupAlert, models.CASCADE, related_name="occasions", db_index=False
    )
    day = models.DateField(_("day"))
    first_entry = models.BigIntegerField()
    last_entry = models.BigIntegerField()
    counted = models.PositiveIntegerField(_("counted"))
    threshold = models.PositiveIntegerField(_("limit"))
    usual = models.PositiveIntegerField(_("own usual"), null=True)
    usual_of_role = models.PositiveIntegerField(_("usual of the role"), null=True)

    data_map: ClassVar = ModelMap(
        category=Category.LOOKUPS,
        subjects=(Subject("member of staff", path="alert__account", kind="staff"),),
        activity="accountability",
        source="counted from the audit trail",
        retention=WithParent("alert"),
        fields={
            "id": NotPersonal("number of the row"),
            "alert": NotPersonal("which alert"),
            "day": Personal("on which day", **SAID),
            "first_entry": NotPersonal("number of an entry of the trail"),
            "last_entry": NotPersonal("number of an entry of the trail"),
            "counted": Personal("how many were counted", **SAID),
            "threshold": NotPersonal("the limit of the rule"),
            "usual": Personal("how many you usually look at", **SAID),
            "usual_of_role": NotPersonal("how many others of the role look at"),
        },
    )

    class Meta:
        verbose_name = _("day of an alert")
        verbose_name_plural = _("days of alerts")
        ordering = ["day"]
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "day"], name="lookupoccasion_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"LookupOccasion {self.pk}"


class LookupPerson(models.Model):
    """A person whom an alert is about by name of the rule: protected, colleague, no case."""

    alert = models.ForeignKey(
        LookupAlert, models.CASCADE, related_name="people", db_index=False
    )
    subject_id = models.UUIDField(_("person"), db_index=True)

    data_map: ClassVar = ModelMap(
        category=Category.LOOKUPS,
        subjects=(
            Subject("whose data was used", by_id="subject_id", erasure=Erasure.KEEP),
        ),
        activity="accountability",
        source="recorded by the register",
        retention=WithParent("alert"),
        fields={
            "id": NotPersonal("number of the row"),
            "alert": NotPersonal("which alert"),
            "subject_id": Personal("whose data was looked at", **KEPT),
        },
    )

    class Meta:
        verbose_name = _("person of an alert")
        verbose_name_plural = _("people of alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["alert", "subject_id"], name="lookupperson_once"
            )
        ]

    def __str__(self) -> str:
        return f"LookupPerson {self.pk}"
