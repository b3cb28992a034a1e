"""Who is responsible for a person or company, on their forms."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext_lazy as _

from register import access
from register.database.scopes import RESPONSIBLE, TEAM
from register.datamap.vocabulary import Action
from register.models import User
from register.staff_site.saved_views import SavedViewsAdmin

LINE = (RESPONSIBLE, TEAM)


class AssignedAdmin(SavedViewsAdmin):
    """A table whose rows have somebody responsible.

    Whoever reaches only some rows adds them for himself, and hands none over: they would
    be gone from his sight with whatever else the form is to store.
    """

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
        return formats.date_format(
            timezone.localtime(obj.updated_at), "SHORT_DATE_FORMAT"
        )

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
    return any(
        access.is_limited(request.user, model, action)
        for action in (Action.VIEW, Action.CHANGE)
        if access.may_model(request.user, action, model)
    )
