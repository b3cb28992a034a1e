"""Rights that were taken for a while: listed for data protection officers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import path
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from register import access
from register.models import Elevation
from register.screens import elevations
from register.staff_site import ReadOnlyAdmin


@admin.register(Elevation)
class ElevationAdmin(ReadOnlyAdmin):
    """Who took which right, why, and until when."""

    list_display = ("who", "what", "reason", "started_at", "until", "state")
    list_display_links = ("who",)
    list_select_related = ("user",)
    sortable_by = ("started_at",)
    fields = ("who", "what", "reason", "started_at", "until", "ended_at")
    readonly_fields = ("who", "what")
    ordering = ("-started_at", "id")
    actions_detail = ()

    def get_urls(self) -> list[Any]:
        """Add the page where rights are taken, open to every member of staff."""
        view = self.admin_site.admin_view
        return [
            path(
                "take/",
                view(elevations.take),
                {"model_admin": self},
                name="register_elevation_take",
            ),
            path(
                "<uuid:object_id>/give-back/",
                view(elevations.give_back),
                name="register_elevation_give_back",
            ),
            *super().get_urls(),
        ]

    def subjects_of(self, obj: Any) -> list[Any]:
        """A member of staff is no customer: the entry names the row."""
        return [None]

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show the newest first."""
        return super().get_queryset(request)

    @admin.display(description=_("staff account"))
    def who(self, obj: Elevation) -> str:
        """Who took it."""
        return obj.user.get_full_name()

    @admin.display(description=_("right"))
    def what(self, obj: Elevation) -> Any:
        """Which right, in words."""
        return format_lazy(
            "{}: {} ({})",
            obj.get_category_display(),
            obj.get_action_display(),
            obj.get_scope_display(),
        )

    @admin.display(description=_("state"))
    def state(self, obj: Elevation) -> Any:
        """Whether it is in force."""
        if obj.ended_at:
            return _("given back")
        is_running = obj.until > timezone.now()
        # It ends with the role by which it was taken, too.
        if is_running and access.in_force().filter(pk=obj.pk).exists():
            return _("in force")
        return _("over")
