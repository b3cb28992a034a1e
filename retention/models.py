"""The ledger of what ended: runs and batches. Counts and codes, never content."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal


class Run(models.Model):
    """One pass of the retention sweep over all rules."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    revision = models.CharField(_("revision of the data map"), max_length=16)
    deleted = models.PositiveBigIntegerField(_("rows ended"), default=0)
    is_complete = models.BooleanField(
        _("nothing left"),
        default=False,
        help_text=_("Whether nothing due was left when the run ended."),
    )

    data_map: ClassVar = ModelMap(
        category=Category.RETENTION,
        fields={
            "id": NotPersonal("number of the run"),
            "started_at": NotPersonal("technical time"),
            "finished_at": NotPersonal("technical time"),
            "revision": NotPersonal("revision of the data map"),
            "deleted": NotPersonal("a number of rows"),
            "is_complete": NotPersonal("state of the run"),
        },
    )

    class Meta:
        verbose_name = _("retention run")
        verbose_name_plural = _("retention runs")
        ordering = ["-started_at"]
        indexes = [models.Index(fields=["started_at", "id"], name="run_newest")]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"


class Batch(models.Model):
    """What one transaction of a run deleted. Written in that same transaction."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(Run, models.CASCADE, related_name="batches")
    table = models.CharField(_("table"), max_length=60)
    rule = models.CharField(_("rule"), max_length=40)
    period = models.CharField(_("period"), max_length=20)
    rows = models.PositiveIntegerField(_("rows"))
    parts = models.JSONField(_("parts"), default=dict)
    files = models.PositiveIntegerField(_("files"), default=0)
    first_due_at = models.DateTimeField(_("earliest due"))
    last_due_at = models.DateTimeField(_("latest due"))
    deleted_at = models.DateTimeField(_("deleted"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.RETENTION,
        append_only=True,
        fields={
            "id": NotPersonal("number of the batch"),
            "run": NotPersonal("which run"),
            "table": NotPersonal("name of a table"),
            "rule": NotPersonal("code of a rule"),
            "period": NotPersonal("a period"),
            "rows": NotPersonal("a number of rows"),
            "parts": NotPersonal("numbers of rows by table"),
            "files": NotPersonal("a number of files"),
            "first_due_at": NotPersonal("due time of many rows"),
            "last_due_at": NotPersonal("due time of many rows"),
            "deleted_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger of deletions")
        ordering = ["-id"]
        indexes = [models.Index(fields=["rule", "id"], name="batch_by_rule")]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
