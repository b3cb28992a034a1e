"""The list of background jobs."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from register.models import Job
from register.services import jobs
from register.staff_site import ReadOnlyAdmin


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What runs, what waits and what failed."""

    list_display = ("title", "state", "progress", "created_at", "finished_at")
    list_filter = ("state", "kind")
    list_select_related = ("created_by",)
    readonly_fields = ("title", "progress")
    fields = (
        "title",
        "state",
        "progress",
        "attempts",
        "error_code",
        "created_at",
        "started_at",
        "heartbeat_at",
        "finished_at",
    )

    @admin.display(description=_("job"))
    def title(self, obj: Job) -> Any:
        """The kind of work in words."""
        kind = jobs.KINDS.get(obj.kind)
        return kind.title if kind else obj.kind

    @admin.display(description=_("progress"))
    def progress(self, obj: Job) -> Any:
        """How much is done, as a bar and in numbers."""
        return format_html(
            '<progress class="sel-progress" max="100" value="{}"></progress> {} %',
            obj.percent,
            obj.percent,
        )

    def get_urls(self) -> list[Any]:
        """Add the progress page."""
        return super().get_urls()  # type: ignore[no-any-return]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By category, like every table."""
        return bool(super().has_view_permission(request, obj))
