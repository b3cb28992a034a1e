"""What staff chose for files of the same columns before."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal


class ImportMemory(models.Model):
    """The targets that were chosen for a header, found by a keyed hash of its names.

    The names themselves are not kept: anybody can type anything above a column.
    """

    id = models.BigAutoField(primary_key=True)
    fingerprint = models.CharField(_("fingerprint"), max_length=64, unique=True)
    targets = ArrayField(
        models.CharField(max_length=40, blank=True),
        verbose_name=_("columns"),
        default=list,
    )
    used_at = models.DateTimeField(_("last used"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.IMPORTS,
        fields={
            "id": NotPersonal("number of the row"),
            "fingerprint": NotPersonal("keyed hash of names of columns"),
            "targets": NotPersonal("vocabulary"),
            "used_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("remembered columns of imports")
        verbose_name_plural = _("remembered columns of imports")

    def __str__(self) -> str:
        return f"ImportMemory {self.pk}"
