"""The list of changes of many, and the actions by which lists lead to one."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from contacts.models import BulkChange
from contacts.screens import bulk, exports
from contacts.services.bulk import ordering
from contacts.services.bulk.kinds import kinds_for
from contacts.services.exports import contents
from register.staff_site import ReadOnlyAdmin

EXPORT = "export_chosen"


def actions_of(request: HttpRequest, model: type[Any]) -> dict[str, Any]:
    """Return what the reader may do with chosen rows of a list, as Django asks for it."""
    found: dict[str, Any] = {
        f"bulk_{kind.code}": (
            partial(_change, kind.code),
            f"bulk_{kind.code}",
            kind.title,
        )
        for kind in kinds_for(model, request.user)
    }
    content = contents.of_model(model).content
    if contents.may_export(request.user, content):
        found[EXPORT] = (_export, EXPORT, _("Export"))
    return found


def _change(
    code: str, model_admin: Any, request: HttpRequest, rows: QuerySet[Any]
) -> HttpResponse:
    return bulk.order(_with_chosen(request, kind=code), model_admin)


def _export(
    model_admin: Any, request: HttpRequest, rows: QuerySet[Any]
) -> HttpResponse:
    if _is_all(request):
        opts = model_admin.opts
        url = reverse(f"admin:{opts.app_label}_{opts.model_name}_export")
        return redirect(f"{url}?{request.GET.urlencode()}")
    return exports.order(_with_chosen(request), model_admin)


def _is_all(request: HttpRequest) -> bool:
    return request.POST.get("select_across", "0") not in ("", "0")


def _with_chosen(request: HttpRequest, **more: str) -> HttpRequest:
    """Put what was ticked where the screens read it; nothing where all results are meant."""
    sent = request.POST.copy()
    chosen = [] if _is_all(request) else sent.getlist(ACTION_CHECKBOX_NAME)
    sent.clear()
    sent.setlist("chosen", chosen)
    for name, value in more.items():
        sent[name] = value
    request.POST = sent  # type: ignore[assignment]
    return request


@admin.register(BulkChange)
class BulkChangeAdmin(ReadOnlyAdmin):
    """Changes of many are ordered from lists and read on a page of their own."""

    list_display = (
        "name",
        "of",
        "state",
        "chosen_count",
        "changed_count",
        "who",
        "created_at",
    )
    list_display_links = None
    # By what an index gives in order.
    sortable_by = ("created_at",)
    list_filter = ("state",)
    list_select_related = ("created_by",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Show everybody who may change many their own, and all to those who approve."""
        return bulk.is_for(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """As the list."""
        return self.has_view_permission(request)

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkChange]:
        """Return those."""
        ordered = BulkChange.objects.order_by(*self.get_ordering(request))
        if bulk.sees_all(request.user):
            return ordered
        return ordered.filter(created_by=request.user.pk)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show the manifest."""
        return bulk.show(request, object_id, self)

    def get_urls(self) -> list[URLPattern]:
        """Add what can be done with a change."""
        step = self.admin_site.admin_view(partial(bulk.step, model_admin=self))
        return [
            path("<uuid:object_id>/steps/", step, name="contacts_bulkchange_steps"),
            *super().get_urls(),
        ]

    @admin.display(description=_("what is done"))
    def name(self, obj: BulkChange) -> str:
        """What is done, with the way to the manifest."""
        url, kind = (
            reverse("admin:contacts_bulkchange_change", args=[obj.pk]),
            ordering.kind(obj),
        )
        title = kind.title if kind else obj.kind
        return format_html('<a class="sel-link" href="{}">{}</a>', url, title)

    @admin.display(description=_("ordered by"), empty_value="–")
    def who(self, obj: BulkChange) -> str | None:
        """Who ordered it."""
        return obj.created_by.get_full_name() if obj.created_by else None
