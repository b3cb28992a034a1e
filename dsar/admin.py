"""Staff screens over the requests of data subjects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from dsar import selectors
from dsar.forms import RequestForm
from dsar.lights import SOON, light_of
from dsar.models import Request
from dsar.screens import requests as request_page, urls
from dsar.services import intake
from register import actors
from register.staff_site import RegisterAdmin


class DueFilter(admin.SimpleListFilter):
    """Open requests by how near the deadline is."""

    title = _("deadline")
    parameter_name = "deadline"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the choices."""
        return [
            ("open", _("all open")),
            ("late", _("late")),
            ("soon", _("due within a week")),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Request]
    ) -> QuerySet[Request]:
        """Narrow the list."""
        today = timezone.localdate()
        found = queryset.exclude(state=Request.State.CLOSED)
        match self.value():
            case "open":
                return found
            case "late":
                return found.filter(due_on__lt=today)
            case "soon":
                soon = today + timedelta(days=SOON)
                return found.filter(due_on__range=(today, soon))
        return queryset


@admin.register(Request)
class RequestAdmin(RegisterAdmin):
    """Requests with their clocks. One is worked on at its own page, step by step."""

    form = RequestForm
    list_display = ("title", "kind", "deadline", "due", "received", "state", "handler")
    list_display_links = None
    # By what an index gives in order; the others have filters.
    sortable_by = ("title", "due", "received")
    list_filter = (DueFilter, "kind", "state", "outcome")
    list_select_related = ("handled_by",)
    # Open ones first, the most urgent at the top.
    ordering = (F("closed_at").desc(nulls_first=True), "due_on", "number")
    search_fields = ("number",)
    search_help_text = _("Number of the request")
    fieldsets = (
        (None, {"fields": (("kind", "channel"), "received_at")}),
        (
            _("Whom the request is from"),
            {
                "fields": (
                    ("name", "email"),
                    ("phone", "language"),
                    "other_identifiers",
                ),
                "description": _(
                    "Write everything by which the person may be found, as the person wrote it: every spelling is recognised."
                ),
            },
        ),
    )

    # --- rights ---

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: the file of a request ends with its period."""
        return False

    # --- list ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Request]:
        """Say of each request whether its clock is stopped."""
        return selectors.with_suspension(super().get_queryset(request))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Request], search_term: str
    ) -> tuple[QuerySet[Request], bool]:
        """Search by number alone: a name in the address bar would be a trace."""
        term = search_term.strip().removeprefix("#")
        if not term:
            return queryset, False
        if not (term.isascii() and term.isdigit() and len(term) < 10):
            return queryset.none(), False
        return queryset.filter(number=int(term)), False

    @admin.display(description=_("request"), ordering="number")
    def title(self, obj: Request) -> str:
        """Link to the page of the request."""
        url = reverse("admin:dsar_request_change", args=[obj.pk])
        return format_html('<a class="sel-link" href="{}">{}</a>', url, obj)

    @admin.display(description=_("deadline"))
    def deadline(self, obj: Request) -> str:
        """How urgent it is, in words."""
        light = light_of(
            obj,
            due_on=obj.due_on,
            today=timezone.localdate(),
            is_suspended=obj.is_suspended,  # type: ignore[attr-defined]
        )
        return format_html(
            '<span class="sel-mark{}"><span class="material-symbols-outlined sel-mark-icon" aria-hidden="true">{}</span>{}</span>',
            f" sel-mark-{light.tone}" if light.tone else "",
            light.icon,
            light.text,
        )

    @admin.display(description=_("due"), ordering="due_on")
    def due(self, obj: Request) -> str:
        """The date of the legal clock."""
        return formats.date_format(obj.due_on, "SHORT_DATE_FORMAT")

    @admin.display(description=_("received"), ordering="received_at")
    def received(self, obj: Request) -> str:
        """The date of receipt."""
        return formats.date_format(
            timezone.localtime(obj.received_at), "SHORT_DATE_FORMAT"
        )

    @admin.display(description=_("handled by"))
    def handler(self, obj: Request) -> str:
        """Who registered it."""
        return obj.handled_by.get_full_name() if obj.handled_by else "–"

    # --- one request ---

    def get_urls(self) -> list[URLPattern]:
        """Put the steps of a request before Django's own addresses."""
        return [*urls.of_requests(self), *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Offer one way on: to the page of the new request."""
        buttons = {"show_save_and_continue": False, "show_save_and_add_another": False}
        context = {**buttons, **(extra_context or {})}
        response: HttpResponse = super().add_view(request, form_url, context)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the page of the request: nothing of it is edited in a form."""
        return request_page.show(request, object_id, self)

    def save_model(
        self,
        request: HttpRequest,
        obj: Request,
        form: Any,
        change: bool,  # noqa: FBT001 - Django's signature
    ) -> None:
        """Register the request."""
        opened = intake.open_request(
            **form.cleaned_data, actor=actors.of_request(request)
        )
        obj.pk, obj._state.adding = opened.pk, False

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The service has written the entry already."""

    def response_add(
        self, request: HttpRequest, obj: Request, post_url_continue: Any = None
    ) -> HttpResponse:
        """Go to the page of the new request."""
        return redirect("admin:dsar_request_change", obj.pk)
