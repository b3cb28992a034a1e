"""The runs of the conformance board; the board itself stands before them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from register.conformance.registry import Status
from register.models import ConformanceRun
from register.screens import conformance
from register.staff_site import ReadOnlyAdmin


@admin.register(ConformanceRun)
class ConformanceRunAdmin(ReadOnlyAdmin):
    """Every run, newest first, with the board as it was."""

    list_display = ("began", "broken", "kept", "kept_in_part", "not_built", "ends_at")
    list_display_links = None
    list_filter = (("started_at", admin.DateFieldListFilter),)
    fields = (("started_at", "finished_at"), "revision", "ends_at")
    actions_detail = ()

    def get_urls(self) -> list[Any]:
        """Add the board."""
        return [*conformance.urls(), *super().get_urls()]

    @admin.display(description=_("started"), ordering="id")
    def began(self, obj: ConformanceRun) -> Any:
        """When, with the way to the board as it was then."""
        began = formats.date_format(
            timezone.localtime(obj.started_at), "SHORT_DATETIME_FORMAT"
        )
        url = reverse("admin:register_conformancerun_earlier", args=[obj.pk])
        return format_html('<a class="sel-link" href="{}">{}</a>', url, began)

    @admin.display(description=_("broken"), empty_value="–")
    def broken(self, obj: ConformanceRun) -> int | None:
        """How many clauses were broken."""
        return _count(obj, Status.BROKEN)

    @admin.display(description=_("kept"), empty_value="–")
    def kept(self, obj: ConformanceRun) -> int | None:
        """How many clauses were kept."""
        return _count(obj, Status.KEPT)

    @admin.display(description=_("kept in part"), empty_value="–")
    def kept_in_part(self, obj: ConformanceRun) -> int | None:
        """How many clauses were kept as far as they are checked."""
        return _count(obj, Status.KEPT_IN_PART)

    @admin.display(description=_("not built yet"), empty_value="–")
    def not_built(self, obj: ConformanceRun) -> int | None:
        """How many clauses the register did not do anything about."""
        return _count(obj, Status.NOT_BUILT)


def _count(run: ConformanceRun, status: Status) -> int | None:
    count: int | None = run.counts.get(status.value)
    return count
