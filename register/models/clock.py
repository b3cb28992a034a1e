"""The last look at the clock, by which a leap is told from time that passed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal


class ClockReading(models.Model):
    """What the clock of the database said last, and since when the machine ran then.

    There is one row. ``quiet_until`` stands after a leap: until then nothing is deleted
    for good, so that somebody can put a wrong clock right.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    read_at = models.DateTimeField(_("clock read"))
    boot = models.CharField(_("start of the machine"), max_length=40, blank=True)
    seconds_since_boot = models.FloatField(_("seconds since then"))
    quiet_until = models.DateTimeField(_("nothing is deleted until"), null=True)

    data_map: ClassVar = ModelMap(
        category=Category.SYSTEM,
        fields={
            "id": NotPersonal("number of the row"),
            "read_at": NotPersonal("technical time"),
            "boot": NotPersonal("random number of a start of the machine"),
            "seconds_since_boot": NotPersonal("a number"),
            "quiet_until": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("reading of the clock")
        verbose_name_plural = _("readings of the clock")

    def __str__(self) -> str:
        return f"ClockReading {self.pk}"
