"""Files that must go: written in the transaction that ends their row."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, ModelMap, NotPersonal


class FileRemoval(models.Model):
    """An order to remove a stored file.

    A file cannot take part in a database transaction. The order does: it commits
    with the deletion of the row, and is carried out at once and again by a sweep
    until the file is gone. An order with a later ``due_at`` also stands while a file
    is being received, so that an upload cut short leaves nothing behind.
    """

    path = models.CharField(_("path in the file storage"), max_length=200, unique=True)
    due_at = models.DateTimeField(_("due"), default=timezone.now, db_index=True)

    data_map: ClassVar = ModelMap(
        category=Category.SYSTEM,
        fields={
            "id": NotPersonal("number of the order"),
            "path": NotPersonal("a random name"),
            "due_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("file to remove")
        verbose_name_plural = _("files to remove")

    def __str__(self) -> str:
        return f"FileRemoval {self.pk}"
