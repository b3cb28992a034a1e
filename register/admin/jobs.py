"""The list of background jobs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from register import access
from register.datamap.vocabulary import Action, Category
from register.models import Job
from register.screens import jobs as progress
from register.services import jobs
from register.staff_site import ReadOnlyAdmin


class KindFilter(admin.SimpleListFilter):
    """Offers the kinds of work in words."""

    title = _("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices, by their words."""
        kinds = [(code, str(kind.title)) for code, kind in jobs.KINDS.items()]
        return sorted(kinds, key=lambda choice: choice[1].casefold())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Job]) -> QuerySet[Job]:
        """Narrow the list."""
        if kind := self.value():
            return queryset.filter(kind=kind)
        return queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What runs, what waits and what failed."""

    list_display = ("title", "state", "progress_bar", "created_at", "finished_at")
    list_display_links = ("created_at",)
    # By what an index gives in order.
    sortable_by = ("created_at",)
    list_filter = ("state", KindFilter)
    list_select_related = ("created_by",)
    readonly_fields = ("title", "progress_bar")
    fields = (
        "title",
        "state",
        "progress_bar",
        "attempts",
        "error_code",
        "created_at",
        "started_at",
        "heartbeat_at",
        "finished_at",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show everybody their own jobs; all of them to those who see the audit trail."""
        rows = super().get_queryset(request)
        if access.may(request.user, Action.VIEW, Category.AUDIT):
            return rows
        return rows.filter(created_by=request.user.pk)

    @admin.display(description=_("job"))
    def title(self, obj: Job) -> Any:
        """The kind of work in words, with the way to its progress."""
        url = reverse("admin:register_job_progress", args=[obj.pk])
        return format_html(
            '<a class="sel-link" href="{}">{}</a>', url, progress.title_of(obj)
        )

    @admin.display(description=_("progress"))
    def progress_bar(self, obj: Job) -> Any:
        """How much is done, as a bar and in numbers."""
        return format_html(
            '<progress class="sel-progress" max="100" value="{}"></progress> {} %',
            obj.percent,
            obj.percent,
        )

    def get_urls(self) -> list[Any]:
        """Add the progress page."""
        return [*progress.urls(), *super().get_urls()]
