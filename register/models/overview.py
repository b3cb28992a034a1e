"""Which parts of the overview somebody wants to see, and in which order."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from register.datamap import (
    Category,
    ModelMap,
    NotPersonal,
    Personal,
    Subject,
    WithParent,
)
from register.models.staff import User


class OverviewArrangement(models.Model):
    """How a member of staff arranged the overview. It gives no right to see anything."""

    user = models.OneToOneField(
        User, models.CASCADE, related_name="+", verbose_name=_("staff account")
    )
    placed = ArrayField(
        models.CharField(max_length=40), verbose_name=_("order"), default=list
    )
    hidden = ArrayField(
        models.CharField(max_length=40), verbose_name=_("not shown"), default=list
    )

    data_map: ClassVar = ModelMap(
        category=Category.STAFF,
        subjects=(Subject("member of staff", path="user", kind="staff"),),
        activity="access_control",
        source="the member of staff",
        retention=WithParent("user"),
        fields={
            "id": NotPersonal("number of the row"),
            "user": Personal("whose overview"),
            "placed": Personal("order of the parts of your overview"),
            "hidden": Personal("parts of the overview that you do not want to see"),
        },
    )

    class Meta:
        verbose_name = _("arrangement of the overview")
        verbose_name_plural = _("arrangements of the overview")

    def __str__(self) -> str:
        return f"OverviewArrangement {self.pk}"
