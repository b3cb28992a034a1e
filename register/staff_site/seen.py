"""Whose rows and which fields a screen over a table shows, to whomever opens it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from register import access
from register.datamap.vocabulary import Action


class AsSeen(ModelAdmin):
    """Rows and fields as their reader may see and change them (N9.1).

    Forms leave out what is hidden or masked, so that nothing of it is in the page and no
    mask can be stored; lists show the mask, and are neither sorted, filtered nor searched by
    what their reader does not see.
    """

    # --- whose rows ---

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Say to the planner what row security asks anyway."""
        rows: models.QuerySet[Any] = super().get_queryset(request)
        return access.visible_to(request.user, rows)

    def has_change_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        """Ask for the right to change the category, and to change this very row."""
        return bool(super().has_change_permission(request, obj)) and reaches_row(
            request, Action.CHANGE, obj
        )

    def has_delete_permission(
        self, request: HttpRequest, obj: models.Model | None = None
    ) -> bool:
        """Ask for the right to delete from the category, and to delete this very row."""
        return bool(super().has_delete_permission(request, obj)) and reaches_row(
            request, Action.DELETE, obj
        )

    # --- which fields: lists ---

    def get_list_display(self, request: HttpRequest) -> Any:
        """Leave out columns of which nothing is shown."""
        return [
            column
            for column in super().get_list_display(request)
            if not isinstance(column, str)
            or self.level_of_column(request, column) is not access.Level.HIDDEN
        ]

    def level_of_column(self, request: HttpRequest, column: str) -> access.Level:
        """Return what is seen of a column; screens whose columns are made say it."""
        return access.level(request.user, self.model, column)

    def get_list_filter(self, request: HttpRequest) -> Any:
        """Leave out filters by what is not seen."""
        unseen = access.unseen(request.user, self.model)
        return [
            each
            for each in super().get_list_filter(request)
            if _column(each) not in unseen
        ]

    def get_search_fields(self, request: HttpRequest) -> Any:
        """Search by nothing that is not seen."""
        unseen = access.unseen(request.user, self.model)
        return [
            field
            for field in super().get_search_fields(request)
            if field.lstrip("^=@").partition("__")[0] not in unseen
        ]

    def get_ordering(self, request: HttpRequest) -> Any:
        """Begin in no order that tells what is not seen."""
        unseen = access.unseen(request.user, self.model)
        ordering = list(super().get_ordering(request) or self.opts.ordering)
        if not unseen:
            return ordering
        kept = [
            each
            for each in ordering
            if not isinstance(each, str)
            or each.removeprefix("-").partition("__")[0] not in unseen
        ]
        return kept or ["pk"]

    def get_sortable_by(self, request: HttpRequest) -> Any:
        """Sort by nothing that is not seen."""
        return [
            column
            for column in super().get_sortable_by(request)
            if self._is_order_seen(request, column)
        ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Refuse an order that would betray what is masked, and mask it in the rows."""
        columns = self.get_list_display(request)
        for part in request.GET.get("o", "").split("."):
            place = part.removeprefix("-")
            if not place.isascii() or not place.isdigit():
                continue
            # Unfold numbers the columns with the boxes to tick, where there are any.
            for number in (int(place), int(place) - 1):
                if 0 <= number < len(columns) and not self._is_order_seen(
                    request, columns[number]
                ):
                    raise PermissionDenied
        listed = super().get_changelist_instance(request)
        if self.has_masks(request):
            listed.result_list = [
                self.row_as_seen(request, row) for row in listed.result_list
            ]
        return listed

    def row_as_seen(self, request: HttpRequest, row: Any) -> Any:
        """Return a row of the list, or of a field that completes what is typed."""
        return access.as_seen(request.user, row)

    def has_masks(self, request: HttpRequest) -> bool:
        """Whether anything that lists show is hidden or masked for the reader."""
        user = request.user
        # Rows of other tables may be read along.
        return bool(access.granted(user).levels or access.unseen(user, self.model))

    def _is_order_seen(self, request: HttpRequest, column: Any) -> bool:
        function = getattr(self, column, None) if isinstance(column, str) else column
        order = getattr(function, "admin_order_field", None) or column
        if not isinstance(order, str):
            return True
        name = order.lstrip("-").partition("__")[0]
        return name not in access.unseen(request.user, self.model)

    def lookup_allowed(
        self, lookup: str, value: Any, request: HttpRequest | None = None
    ) -> bool:
        """Allow no question about what is not seen."""
        user = getattr(request, "user", None)
        if lookup.partition("__")[0] in access.unseen(user, self.model):
            return False
        return bool(super().lookup_allowed(lookup, value, request))

    # --- which fields: forms ---

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what is hidden or masked."""
        return self.seen_fieldsets(request, super().get_fieldsets(request, obj))

    def seen_fieldsets(self, request: HttpRequest, fieldsets: Any) -> Any:
        """Leave out of some fieldsets what is hidden or masked."""
        unseen = access.unseen(request.user, self.model)
        if not unseen:
            return fieldsets
        return [
            (title, options | {"fields": without(options["fields"], unseen)})
            for title, options in fieldsets
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let nobody write what he may only read."""
        return (
            *super().get_readonly_fields(request, obj),
            *not_editable(request, self.model),
        )


def without(fields: Any, names: frozenset[str]) -> tuple[Any, ...]:
    """Return the fields of a form, some of them in lines, without those of these names."""
    kept = []
    for each in fields:
        if isinstance(each, tuple | list):
            if line := tuple(name for name in each if name not in names):
                kept.append(line)
        elif each not in names:
            kept.append(each)
    return tuple(kept)


def not_editable(request: HttpRequest, model: type[models.Model]) -> tuple[str, ...]:
    """Return the names of fields that the reader sees and may not write."""
    return tuple(
        field.name
        for field in access.all_fields().values()
        if field.model is model
        and not field.kind
        and access.level(request.user, model, field.name) is access.Level.READ_ONLY
    )


def reaches_row(request: HttpRequest, action: Action, obj: models.Model | None) -> bool:
    """Whether no scope keeps the reader from doing it to this row, asked once a request.

    Whether there is such a right at all is another question.
    """
    if obj is None or obj._state.adding:
        return True
    if not access.is_limited(request.user, type(obj), action):
        return True
    if not access.may_model(request.user, action, type(obj)):
        return True
    known: dict[Any, bool] = request.__dict__.setdefault("reached_rows", {})
    key = (action, type(obj), obj.pk)
    if key not in known:
        known[key] = access.reaches(request.user, action, obj)
    return known[key]


def _column(each: Any) -> str:
    asked = each[0] if isinstance(each, tuple | list) else each
    return str(getattr(asked, "parameter_name", asked)).partition("__")[0]
