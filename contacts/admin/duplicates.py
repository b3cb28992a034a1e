"""The lists of possible duplicates, and the weights by which they are found."""

from __future__ import annotations

import copy
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action

from contacts.models import (
    CompanyMerge,
    CompanyPair,
    ContactMerge,
    ContactPair,
    MatchThreshold,
    MatchWeight,
    Merge,
    Pair,
)
from contacts.screens import comparing, duplicates
from contacts.screens.side_by_side import name_of, reasons_seen
from register import access
from register.datamap.vocabulary import Action
from register.staff_site import ReadOnlyAdmin, RegisterAdmin
from register.staff_site.days import day_of


class StateFilter(admin.SimpleListFilter):
    """Those to be looked at, unless the others are asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return what else can be asked for."""
        return [(Pair.State.DIFFERENT.value, Pair.State.DIFFERENT.label)]

    def choices(self, changelist: Any) -> Any:
        """Name the first choice for what it shows."""
        first, *others = super().choices(changelist)
        yield {**first, "display": Pair.State.OPEN.label}
        yield from others

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Leave one state."""
        return queryset.filter(state=self.value() or Pair.State.OPEN)


class PairAdmin(ReadOnlyAdmin):
    """Pairs, the likeliest first. A row leads to the two side by side."""

    list_display = ("names", "why", "points", "found")
    list_display_links = None
    list_filter = (StateFilter,)
    list_select_related = ("first", "second")
    sortable_by = ()
    ordering = ("-points", "id")
    actions_list = ("scan", "merges")
    merge_model: type[Merge]
    empty_text = _(
        "All records are compared every night, and whoever adds one is warned at once. Two that may be the same stand here until somebody decides."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out pairs of which one is hidden from the reader."""
        records = access.visible_to(
            request.user, self.model.of()._default_manager.all()
        )
        pairs: QuerySet[Any] = super().get_queryset(request)
        return pairs.filter(first__in=records, second__in=records)

    def level_of_column(self, request: HttpRequest, column: str) -> access.Level:
        """Say of the made columns what they are made of."""
        made = {"why": "features", "found": "found_at"}
        return super().level_of_column(request, made.get(column, column))

    def subjects_of(self, obj: Any) -> list[Any]:
        """Return both people."""
        return [obj.first_id, obj.second_id]

    def has_masks(self, request: HttpRequest) -> bool:
        """Whether of the records something is not seen."""
        return super().has_masks(request) or bool(
            access.unseen(request.user, self.model.of())
        )

    def row_as_seen(self, request: HttpRequest, row: Any) -> Any:
        """Mask the names of both, too."""
        seen = copy.copy(super().row_as_seen(request, row))
        seen.first = access.as_seen(request.user, row.first)
        seen.second = access.as_seen(request.user, row.second)
        return seen

    @admin.display(description=_("records"))
    def names(self, obj: Any) -> str:
        """Show what both are called, and lead to them."""
        url = reverse(duplicates.url_name(self.model), args=[obj.pk])
        one, other = (name_of(record) for record in (obj.first, obj.second))
        return format_html('<a class="sel-link" href="{}">{} – {}</a>', url, one, other)

    @admin.display(description=_("why"))
    def why(self, obj: Any) -> str:
        """Say in what they are alike."""
        if not obj.features:
            return str(_("merged once, and separated again"))
        return " · ".join(reasons_seen(access.reader_now(), obj))

    @admin.display(description=_("found"))
    def found(self, obj: Any) -> Any:
        """Show the day."""
        return day_of(obj.found_at)

    @action(
        description=_("Compare everybody now"),
        url_path="scan",
        permissions=["scan"],
        icon="search_check",
    )
    def scan(self, request: HttpRequest) -> Any:
        """Order the comparison of the whole base."""
        return duplicates.order_scan(request)

    @action(description=_("Merges"), url_path="merges", icon="merge")
    def merges(self, request: HttpRequest) -> HttpResponse:
        """Lead to what was merged, where it is undone."""
        name = self.merge_model._meta.model_name
        return redirect(f"admin:contacts_{name}_changelist")

    def has_scan_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may decide about the duplicates of all may have them looked for.

        How far it is tells how many records there are.
        """
        of = self.model.of()
        category = comparing.categories_of(of)[0]
        return access.may(request.user, Action.CHANGE, category) and not any(
            access.is_limited(request.user, of, action)
            for action in (Action.VIEW, Action.CHANGE)
        )

    def get_urls(self) -> list[URLPattern]:
        """Add the page that shows the two side by side."""
        view = self.admin_site.admin_view
        name = duplicates.url_name(self.model).removeprefix("admin:")
        own = path(
            "<int:pair_id>/compare/",
            view(duplicates.compare),
            {"model": self.model},
            name=name,
        )
        return [own, *super().get_urls()]


@admin.register(ContactPair)
class ContactPairAdmin(PairAdmin):
    """Contacts that may be one person."""

    merge_model = ContactMerge


@admin.register(CompanyPair)
class CompanyPairAdmin(PairAdmin):
    """Companies that may be one."""

    merge_model = CompanyMerge

    def subjects_of(self, obj: Any) -> list[Any]:
        """Return nobody: companies are no people."""
        return [None]


class MergeAdmin(ReadOnlyAdmin):
    """Merges, newest first, and the way to undo one."""

    list_display = ("kept_name", "state", "ordered")
    list_display_links = None
    list_filter = ("state",)
    list_select_related = ("kept",)
    sortable_by = ()
    ordering = ("-ordered_at",)
    empty_text = _(
        "What was merged stands here, and can be undone: open it and choose to undo."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Leave out merges of records that are hidden from the reader."""
        records = access.visible_to(
            request.user, self.model.of()._default_manager.all()
        )
        merges: QuerySet[Any] = super().get_queryset(request)
        return merges.filter(kept__in=records)

    def has_masks(self, request: HttpRequest) -> bool:
        """Whether of the record something is not seen."""
        return super().has_masks(request) or bool(
            access.unseen(request.user, self.model.of())
        )

    def row_as_seen(self, request: HttpRequest, row: Any) -> Any:
        """Mask its name, too."""
        seen = copy.copy(super().row_as_seen(request, row))
        seen.kept = access.as_seen(request.user, row.kept)
        return seen

    def level_of_column(self, request: HttpRequest, column: str) -> access.Level:
        """Say of the made columns what they are made of."""
        made = {"ordered": "ordered_at"}
        return super().level_of_column(request, made.get(column, column))

    @admin.display(description=_("record"))
    def kept_name(self, obj: Any) -> str:
        """Show what the record that stayed is called, and lead to the merge."""
        url = duplicates.merge_url(obj)
        return format_html(
            '<a class="sel-link" href="{}">{}</a>', url, name_of(obj.kept)
        )

    @admin.display(description=_("ordered"))
    def ordered(self, obj: Any) -> str:
        """Show the day."""
        return day_of(obj.ordered_at)

    def get_urls(self) -> list[URLPattern]:
        """Add the page of a merge."""
        view = self.admin_site.admin_view
        own = path(
            "<uuid:merge_id>/page/",
            view(duplicates.show_merge),
            {"model": self.model},
            name=f"contacts_{self.model._meta.model_name}_show",
        )
        return [own, *super().get_urls()]


@admin.register(ContactMerge)
class ContactMergeAdmin(MergeAdmin):
    """Merges of contacts."""

    def subject_of(self, obj: Any) -> Any:
        """Return whose records they were."""
        return obj.kept_id


@admin.register(CompanyMerge)
class CompanyMergeAdmin(MergeAdmin):
    """Merges of companies."""

    def subject_of(self, obj: Any) -> Any:
        """Return nobody: companies are no people."""
        return None


@admin.register(MatchWeight)
class MatchWeightAdmin(RegisterAdmin):
    """What speaks for and against two records being of one, and how much."""

    list_display = ("feature", "kind", "weight")
    list_filter = ("kind",)
    sortable_by = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """What is weighed stays; its weight changes."""
        return ("kind", "feature") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a weight of 0 says that a feature does not count."""
        return False


@admin.register(MatchThreshold)
class MatchThresholdAdmin(RegisterAdmin):
    """How many points make a possible duplicate."""

    list_display = ("situation", "kind", "points")
    list_filter = ("kind",)
    sortable_by = ()

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """The situation stays; its threshold changes."""
        return ("kind", "situation") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: each situation needs one."""
        return False
