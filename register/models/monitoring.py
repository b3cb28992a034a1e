"""What the register notes about its own running, for those who watch over it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal


class Process(models.Model):
    """A worker or beat, and when it last showed that it lives."""

    class Kind(models.TextChoices):
        WORKER = "worker", _("worker")
        BEAT = "beat", _("scheduler (beat)")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    seen_at = models.DateTimeField(_("last sign of life"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.SYSTEM,
        fields={
            "id": NotPersonal("number of the process"),
            "kind": NotPersonal("vocabulary"),
            "started_at": NotPersonal("technical time"),
            "seen_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("process")
        verbose_name_plural = _("processes")

    def __str__(self) -> str:
        return f"Process {self.pk}"


class TaskTally(models.Model):
    """How often a scheduled task or a wake-up call ended so, and how long it took."""

    class Outcome(models.TextChoices):
        SUCCESS = "success", _("success")
        FAILURE = "failure", _("failure")
        RETRY = "retry", _("retry")

    task = models.CharField(_("task"), max_length=120)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    runs = models.PositiveBigIntegerField(_("runs"), default=0)
    seconds = models.FloatField(_("seconds"), default=0)
    buckets = ArrayField(models.BigIntegerField(), verbose_name=_("runs by duration"))
    last_at = models.DateTimeField(_("last time"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.SYSTEM,
        fields={
            "id": NotPersonal("number of the row"),
            "task": NotPersonal("name of a task"),
            "outcome": NotPersonal("vocabulary"),
            "runs": NotPersonal("a number of runs"),
            "seconds": NotPersonal("a sum of durations"),
            "buckets": NotPersonal("numbers of runs"),
            "last_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("tally of a task")
        verbose_name_plural = _("tallies of tasks")
        constraints = [
            models.UniqueConstraint(
                fields=["task", "outcome"], name="tasktally_one_per_outcome"
            )
        ]

    def __str__(self) -> str:
        return f"TaskTally {self.pk}"
