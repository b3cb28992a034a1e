"""Who is responsible for a person or company, on their forms."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from contacts.admin import bulk
from contacts.list_filters import named
from contacts.screens import bulk as screens_of_bulk, list_filters
from contacts.services.imports.rights import is_limited
from register import access
from register.database.scopes import RESPONSIBLE, TEAM
from register.models import User
from register.staff_site.days import day_of
from register.staff_site.saved_views import SavedViewsAdmin

LINE = (RESPONSIBLE, TEAM)


class AssignedAdmin(SavedViewsAdmin):
    """A table whose rows have somebody responsible.

    Whoever reaches only some rows adds them for himself, and hands none over: they would
    be gone from his sight with whatever else the form is to store.
    """

    # --- filters ---

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Add the filters that apps have made known, as far as the reader has them."""
        found = [*super().get_list_filter(request), *list_filters.all_for(self.model)]
        return [each for each in found if list_filters.is_for(each, request.user)]

    def lookup_allowed(
        self, lookup: str, value: Any, request: HttpRequest | None = None
    ) -> bool:
        """Allow the filters that apps have made known to those who have them."""
        found = named(self.model, lookup)
        if found is not None:
            return found.is_for(getattr(request, "user", None))
        return super().lookup_allowed(lookup, value, request)

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        """Show the list, what it is filtered by, and the way to all filters."""
        if request.method == "GET" and list_filters.APPLY_VAR in request.GET:
            query = list_filters.without_empty(request.GET)
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        response = super().changelist_view(request, extra_context)
        context = getattr(response, "context_data", None) or {}
        listed = context.get("cl")
        if listed is not None:
            # Ours is used by keyboard and on telephones, too.
            listed.has_filters = False
            name = f"admin:{self.opts.app_label}_{self.opts.model_name}_filters"
            context |= {
                "chosen_filters": list_filters.chosen_of(listed, request),
                "filters_url": f"{reverse(name)}?{request.GET.urlencode()}",
            }
        return response

    def get_urls(self) -> list[URLPattern]:
        """Add the form of all filters, and changes of many."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view
        show = partial(list_filters.form, model_admin=self)
        order = partial(screens_of_bulk.order, model_admin=self)
        return [
            path("filters/", view(show), name=f"{name}_filters"),
            path("bulk/", view(order), name=f"{name}_bulk"),
            *super().get_urls(),
        ]

    def get_actions(self, request: HttpRequest) -> Any:
        """Offer what the reader may do with many rows; without any, none is ticked."""
        return {**super().get_actions(request), **bulk.actions_of(request, self.model)}

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Tell the pages of a list which columns are shown."""
        pages = super().get_paginator(request, *args, **kwargs)
        if "term" not in request.GET:  # a field that completes what is typed has none
            pages.columns = frozenset(self.get_list_display(request))
        return pages

    def level_of_column(self, request: HttpRequest, column: str) -> access.Level:
        """Show colleagues and teams to all who see the table."""
        if column in ("responsible_name", "team_name"):
            column = column.removesuffix("_name")
        elif column == "changed":
            column = "updated_at"
        return super().level_of_column(request, column)

    @admin.display(description=_("responsible"), empty_value="–")
    def responsible_name(self, obj: Any) -> str | None:
        """Show who looks after it."""
        return obj.responsible.get_full_name() if obj.responsible else None

    @admin.display(description=_("team"), empty_value="–")
    def team_name(self, obj: Any) -> str | None:
        """Show whose team looks after it."""
        return obj.team.name if obj.team else None

    @admin.display(description=_("changed"))
    def changed(self, obj: Any) -> str:
        """Show the day alone."""
        return day_of(obj.updated_at)

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Offer who is responsible to those alone who reach everybody."""
        found = super().get_fieldsets(request, obj)
        if not _is_limited(request, self.model):
            return found
        return [
            (
                title,
                options | {"fields": tuple(f for f in options["fields"] if f != LINE)},
            )
            for title, options in found
        ]

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer colleagues by their names."""
        if db_field.name == RESPONSIBLE:
            kwargs["queryset"] = User.objects.filter(is_active=True)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == RESPONSIBLE:
            field.label_from_instance = User.get_full_name
        if field is not None and db_field.name in LINE:
            # Colleagues and teams are made elsewhere, by others.
            for way in ("add", "change", "delete", "view"):
                setattr(field.widget, f"can_{way}_related", False)
        return field

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Make whoever adds a row and reaches only some responsible for it."""
        if not change and _is_limited(request, self.model):
            obj.responsible = request.user
        super().save_model(request, obj, form, change)


def _is_limited(request: HttpRequest, model: Any) -> bool:
    return is_limited(request.user, model)
