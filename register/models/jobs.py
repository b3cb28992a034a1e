"""Background work as rows in a state, and decisions that need a second person."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Category,
    Keys,
    ModelMap,
    NotPersonal,
)


class Job(models.Model):
    """A piece of background work with its progress.

    The row is the work; the message in the broker is only a wake-up call. A job whose
    worker died is found by its stale heartbeat and handed out again.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    object_id = models.CharField(_("record"), max_length=40, blank=True)
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.QUEUED
    )
    done = models.PositiveBigIntegerField(_("done"), default=0)
    total = models.PositiveBigIntegerField(_("of"), default=0)
    # From when on and from what number "done" counts, to tell how long the rest takes.
    counted_from_at = models.DateTimeField(null=True, blank=True, editable=False)
    counted_from = models.PositiveBigIntegerField(default=0, editable=False)
    # How far the attempt came that came farthest: whoever gets beyond it is not stuck.
    farthest = models.PositiveBigIntegerField(default=0, editable=False)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    error_code = models.CharField(_("error"), max_length=80, blank=True)
    result = models.JSONField(_("result"), default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    heartbeat_at = models.DateTimeField(_("last sign of life"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.JOBS,
        fields={
            "id": NotPersonal("number of the job"),
            "kind": NotPersonal("code of the work"),
            "object_id": NotPersonal("key of the record that orders the work"),
            "state": NotPersonal("vocabulary"),
            "done": NotPersonal("a number of records"),
            "total": NotPersonal("a number of records"),
            "counted_from_at": NotPersonal("technical time"),
            "counted_from": NotPersonal("a number of records"),
            "farthest": NotPersonal("a number of records"),
            "attempts": NotPersonal("a number"),
            "error_code": NotPersonal("class of an error, never its text"),
            "result": Keys({"counts": NotPersonal("numbers of records")}),
            "created_by": NotPersonal(
                "account that ordered the work; the audit trail answers for it"
            ),
            "created_at": NotPersonal("technical time"),
            "started_at": NotPersonal("technical time"),
            "heartbeat_at": NotPersonal("technical time"),
            "finished_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["created_at", "id"], name="job_newest"),
            # The sweep that hands out waiting and orphaned work.
            models.Index(
                fields=["created_at"],
                name="job_unfinished",
                condition=models.Q(state__in=["queued", "running"]),
            ),
            # Monitoring counts jobs by kind and state.
            models.Index(fields=["kind", "state"], name="job_kind_state"),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"

    @property
    def percent(self) -> int:
        """Progress as a whole number of per cent; 100 only when the work is done."""
        if self.state == self.State.DONE:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen to the job."""
        return self.state not in (self.State.QUEUED, self.State.RUNNING)


class Approval(models.Model):
    """Something irreversible that one person asks for and another decides."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for a decision")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        WITHDRAWN = "withdrawn", _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=60)
    object_id = models.CharField(_("record"), max_length=40)
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.WAITING
    )
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,  # the register itself asked, or the account is gone
        related_name="+",
        verbose_name=_("asked by"),
    )
    requested_at = models.DateTimeField(_("asked"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.JOBS,
        fields={
            "id": NotPersonal("number of the approval"),
            "kind": NotPersonal("code of what is decided"),
            "object_id": NotPersonal("key of the record it is about"),
            "state": NotPersonal("vocabulary"),
            "requested_by": NotPersonal(
                "account that asked; the audit trail answers for it"
            ),
            "requested_at": NotPersonal("technical time"),
            "decided_by": NotPersonal(
                "account that decided; the audit trail answers for it"
            ),
            "decided_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-requested_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(decided_by=None)
                | ~models.Q(decided_by=models.F("requested_by")),
                name="approval_four_eyes",
                violation_error_message=_(
                    "Whoever asked cannot decide; ask a colleague to open the approvals."
                ),
            ),
            models.UniqueConstraint(
                fields=["kind", "object_id"],
                condition=models.Q(state="waiting"),
                name="approval_one_waiting",
            ),
        ]
        indexes = [
            # The inbox: what waits first, then the newest.
            models.Index(fields=["state", "requested_at", "id"], name="approval_inbox")
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
