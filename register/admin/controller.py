"""The page of the controller, which has one row."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from register import actors
from register.models import Controller
from register.screens import setup
from register.services import controller
from register.staff_site import RegisterAdmin


@admin.register(Controller)
class ControllerAdmin(RegisterAdmin):
    """Edited by the data protection officer; every package and letter names it."""

    fieldsets = (
        (None, {"fields": ("name", "business_id")}),
        (_("Address"), {"fields": ("street_address", ("postcode", "town"))}),
        (_("Data protection officer"), {"fields": ("dpo_email", "dpo_address")}),
    )

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Lead to the one row, or to the form that makes it."""
        if controller.is_saved():
            return redirect("admin:register_controller_change", Controller.ONLY)
        if self.has_add_permission(request):
            return redirect("admin:register_controller_add")
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Offer no second one."""
        context = {"show_save_and_add_another": False, **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, context)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """There is one controller: lead to it. Every page asks who may add one; not this."""
        if self.has_add_permission(request) and controller.is_saved():
            return redirect("admin:register_controller_change", Controller.ONLY)
        response: HttpResponse = super().add_view(request, form_url, extra_context)
        return response

    def get_urls(self) -> list[Any]:
        """Add the page that says what is still missing."""
        return [*setup.urls(), *super().get_urls()]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: somebody always answers."""
        return False

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Begin with what the settings say."""
        said = controller.current()
        return {name: getattr(said, name) for name in controller.FIELDS}

    def save_model(
        self, request: HttpRequest, obj: Controller, form: Any, change: Any
    ) -> None:
        """Save through the service, which records the change."""
        values = {name: getattr(obj, name) for name in controller.FIELDS}
        controller.save(values, actor=actors.of_request(request))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The service has recorded it."""

    log_change = log_addition
