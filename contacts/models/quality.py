"""How many people's data lacks something, day by day: numbers alone."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal


class QualityCount(models.Model):
    """How many people a measure of :mod:`contacts.quality` found on a day.

    The row of today is counted anew through the day; those of earlier days stay as
    they were last counted and make the trend.
    """

    day = models.DateField(_("day"))
    code = models.SlugField(_("measure"), max_length=30, db_index=False)
    people = models.PositiveIntegerField(_("people"))
    counted_at = models.DateTimeField(_("counted"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.IDENTITY,
        fields={
            "id": NotPersonal("number of the row"),
            "day": NotPersonal("day of counting"),
            "code": NotPersonal("vocabulary"),
            "people": NotPersonal("a number of people, of nobody in particular"),
            "counted_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("count of data quality")
        verbose_name_plural = _("counts of data quality")
        constraints = [
            models.UniqueConstraint(
                fields=["code", "day"], name="qualitycount_once_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.day}"
