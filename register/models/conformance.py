"""What the conformance board found, run by run: codes and numbers, nobody's data."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.datamap import Category, Ends, ModelMap, NotPersonal
from register.retention_column import Expiring


class ConformanceRun(Expiring):
    """One pass over all checks of the notice.

    Each clause carries since when it has stood as it does, from one run to the next, so
    that old runs may go. The audit trail keeps what broke and was mended for longer.
    """

    id = models.BigAutoField(primary_key=True)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    revision = models.CharField(_("revision of the data map"), max_length=16)
    # {status: number of clauses}
    counts = models.JSONField(_("clauses by status"), default=dict)
    # [{id, status, since, parts: [{code, status, facts, records, milliseconds}]}]
    results = models.JSONField(_("results"), default=list)

    data_map: ClassVar = ModelMap(
        category=Category.CONFORMANCE,
        retention=Ends("conformance_runs", "P3M", "started_at", lag="P1D"),
        fields={
            "id": NotPersonal("number of the run"),
            "started_at": NotPersonal("technical time"),
            "finished_at": NotPersonal("technical time"),
            "revision": NotPersonal("revision of the data map"),
            "counts": NotPersonal("numbers of clauses"),
            "results": NotPersonal(
                "clauses, codes of checks, times, numbers of rows and of accounts"
            ),
            "ends_at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("check of the notice")
        verbose_name_plural = _("checks of the notice")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"
