"""The column in which a row carries its own due instant."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Expiring(models.Model):
    """A row that ends after a fixed period.

    ``ends_at`` is written by a database trigger from the rule in the data map, on
    every insert and update and by whatever route the row arrives, so it cannot be
    forgotten by a bulk insert or a COPY. See :mod:`register.database.rules`.
    """

    ends_at = models.DateTimeField(
        _("will be deleted"), null=True, editable=False, db_index=True
    )

    class Meta:
        abstract = True
