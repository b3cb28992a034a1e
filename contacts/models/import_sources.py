"""Saved sources of files: how theirs are read and on what terms they are brought in."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models.import_terms import ImportTerms, meanings
from register.datamap import Category, ModelMap, NotPersonal


class ImportSource(ImportTerms):
    """Where files of the same kind come from, for example a fair or another system."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(
        _("name"),
        max_length=80,
        unique=True,
        help_text=_("For example the system or the fair. Name no person here."),
    )
    # A keyed hash of the names of the columns, which are not kept.
    fingerprint = models.CharField(
        _("fingerprint"), max_length=64, blank=True, db_index=True, editable=False
    )
    targets = ArrayField(
        models.CharField(max_length=40, blank=True),
        verbose_name=_("columns"),
        default=list,
        blank=True,
    )
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    delimiter = models.CharField(_("delimiter"), max_length=1, blank=True)
    header_row = models.PositiveSmallIntegerField(_("header row"), default=1)
    used_at = models.DateTimeField(_("last used"), default=timezone.now, editable=False)

    data_map: ClassVar = ModelMap(
        category=Category.IMPORTS,
        fields={
            "id": NotPersonal("number of the row"),
            "name": NotPersonal(
                "name of a fair or a system; names of people are refused"
            ),
            "fingerprint": NotPersonal("keyed hash of names of columns"),
            "targets": NotPersonal("vocabulary"),
            "encoding": NotPersonal("technical"),
            "delimiter": NotPersonal("technical"),
            "header_row": NotPersonal("a number"),
            "used_at": NotPersonal("technical time"),
            **meanings(),
        },
    )

    class Meta:
        verbose_name = _("source of imports")
        verbose_name_plural = _("sources of imports")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
