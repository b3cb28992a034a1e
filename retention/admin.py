"""Screens of retention: the plan, the runs and the ledger. Nothing is edited here."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from register import access
from register.datamap.vocabulary import Action, Category
from register.staff_site import ReadOnlyAdmin
from register.wording import period_in_words
from retention.due import rules
from retention.models import Batch, Run
from retention.screens import plan_page
from retention.screens.words import parts_in_words, table_in_words


class DeletedFilter(admin.SimpleListFilter):
    """Most runs find nothing to do."""

    title = _("rows ended")
    parameter_name = "deleted"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer the runs that deleted something, and those that did not finish."""
        return [("some", _("some")), ("unfinished", _("something was left"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Run]) -> QuerySet[Run]:
        """Filter."""
        if self.value() == "some":
            return queryset.filter(deleted__gt=0)
        if self.value() == "unfinished":
            return queryset.filter(is_complete=False)
        return queryset


class RuleFilter(admin.SimpleListFilter):
    """Offers the rules in words. Asking the ledger for them would read all of it."""

    title = _("table")
    parameter_name = "rule"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices, by the tables that end by them."""
        tables: dict[str, list[str]] = {}
        for rule in rules():
            tables.setdefault(rule.ends.rule, []).append(table_in_words(rule.label))
        choices = [(code, ", ".join(names)) for code, names in tables.items()]
        return sorted(choices, key=lambda choice: choice[1].casefold())

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Batch]
    ) -> QuerySet[Batch]:
        """Narrow the ledger."""
        if rule := self.value():
            return queryset.filter(rule=rule)
        return queryset


class BatchInWords:
    """Columns that the ledger and the page of a run share."""

    @admin.display(description=_("table"))
    def table_name(self, obj: Batch) -> str:
        """The table in words."""
        return table_in_words(obj.table)

    @admin.display(description=_("period"))
    def period_name(self, obj: Batch) -> str:
        """The period in words."""
        return period_in_words(obj.period)

    @admin.display(description=_("parts"), empty_value="–")
    def parts_list(self, obj: Batch) -> str | None:
        """What went with the rows."""
        return parts_in_words(obj.parts) or None


class BatchInline(BatchInWords, TabularInline):
    """The batches of a run."""

    model = Batch
    fields = (
        "table_name",
        "period_name",
        "rows",
        "parts_list",
        "files",
        "first_due_at",
        "last_due_at",
    )
    readonly_fields = fields
    ordering = ("id",)
    extra = 0
    max_num = 0
    can_delete = False
    hide_title = True
    per_page = 50

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """By category."""
        return access.may(request.user, Action.VIEW, Category.RETENTION)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse."""
        return False

    has_add_permission = has_delete_permission = has_change_permission


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    """Every pass of the sweep; its plan stands before."""

    list_display = ("started_at", "finished_at", "deleted", "outcome")
    # By what an index gives in order.
    sortable_by = ("started_at",)
    list_filter = (DeletedFilter,)
    fields = (("started_at", "finished_at"), ("deleted", "outcome"), "revision")
    readonly_fields = ("outcome",)
    inlines = (BatchInline,)

    def get_urls(self) -> list[Any]:
        """Add the plan."""
        return [*plan_page.urls(), *super().get_urls()]

    @admin.display(description=_("outcome"))
    def outcome(self, obj: Run) -> Any:
        """Whether anything was left."""
        return plan_page.outcome_of(obj)


@admin.register(Batch)
class BatchAdmin(BatchInWords, ReadOnlyAdmin):
    """The ledger of deletions: rows the database itself never lets anybody change."""

    list_display = (
        "deleted_at",
        "table_name",
        "rows",
        "parts_list",
        "files",
        "first_due_at",
        "run_link",
    )
    # By nothing else than its numbers, which are in the order of deletion.
    sortable_by = ()
    list_filter = (RuleFilter,)
    list_select_related = ("run",)
    fields = (
        ("deleted_at", "run_link"),
        ("table_name", "rule", "period_name"),
        ("rows", "files"),
        "parts_list",
        ("first_due_at", "last_due_at"),
    )
    readonly_fields = ("table_name", "period_name", "parts_list", "run_link")

    @admin.display(description=_("run"))
    def run_link(self, obj: Batch) -> Any:
        """The run it was part of."""
        return format_html(
            '<a class="sel-link" href="{}">{}</a>',
            reverse("admin:retention_run_change", args=[obj.run_id]),
            str(obj.run_id)[:8],
        )
