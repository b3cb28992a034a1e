"""The privacy notice, revision by revision: what people were told, from when."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal


class NoticeRevision(models.Model):
    """A revision of the notice, in force from a day until the next one is.

    Records of people name the revision under which their data was collected, so a
    revision that has come into force is neither changed nor deleted.
    """

    revised_on = models.DateField(_("date of the revision"), unique=True)
    valid_from = models.DateField(_("in force from"), unique=True)
    url = models.URLField(_("where it can be read"), max_length=300, blank=True)
    summary = models.TextField(
        _("what changed"),
        max_length=2000,
        blank=True,
        help_text=_("In a few sentences. No personal data."),
    )
    categories = ArrayField(
        models.CharField(max_length=20, choices=Category),
        verbose_name=_("categories of data it names"),
        default=list,
        blank=True,
    )
    created_at = models.DateTimeField(
        _("created"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.DATA_MAP,
        fields={
            "id": NotPersonal("number of the row"),
            "revised_on": NotPersonal("a date of the notice"),
            "valid_from": NotPersonal("a date of the notice"),
            "url": NotPersonal("public address of the notice"),
            "summary": NotPersonal("words of the controller about the notice"),
            "categories": NotPersonal("vocabulary"),
            "created_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("revision of the privacy notice")
        verbose_name_plural = _("revisions of the privacy notice")
        ordering = ["-valid_from"]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.revised_on.isoformat()}"

    @classmethod
    def in_force(cls, on: date | None = None) -> NoticeRevision | None:
        """Return the revision in force on a day; today in Finland unless given."""
        on = on or timezone.localdate()
        return cls.objects.filter(valid_from__lte=on).order_by("-valid_from").first()
