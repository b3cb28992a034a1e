"""Holds: placed on a person or on one record, and released after a question."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action
from unfold.views import ChangeList

from register import access, actors, audit
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Hold
from register.screens.holds import HoldForm, find_record, record_in_words
from register.screens.rows import (
    names_of_people,
    numbers_of_people,
    person_model,
    url_of,
)
from register.services import holds
from register.staff_site import RegisterAdmin


class HoldRows(ChangeList):
    """A page of holds with the names of the people, read once for all of them."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page and who they are about."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        _add_what_is_held(rows, user=request.user)
        self.result_list = rows


class StateFilter(admin.SimpleListFilter):
    """In force or released."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer both."""
        return [("in_force", _("in force")), ("released", _("released"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Hold]
    ) -> QuerySet[Hold]:
        """Filter by the end."""
        if self.value() is None:
            return queryset
        return queryset.filter(released_at__isnull=self.value() == "in_force")


@admin.register(Hold)
class HoldAdmin(RegisterAdmin):
    """A hold is never edited: it is released, and another one placed."""

    list_display = ("what", "reason", "reference", "placed_at", "review_on", "state")
    list_display_links = ("placed_at",)
    # By what an index gives in order.
    sortable_by = ("placed_at",)
    list_filter = (StateFilter, "reason")
    list_select_related = ("placed_by",)
    actions_detail = ("release",)
    fields = (
        "what",
        ("reason", "reference"),
        ("placed_at", "placed_by_name"),
        ("review_on", "released_at"),
    )
    readonly_fields = ("what", "placed_by_name")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list that reads names once a page."""
        return HoldRows

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse editing; releasing is an action of its own."""
        return obj is None and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: that something was held is evidence."""
        return False

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the hold with the name of the person."""
        hold = super().get_object(request, object_id, from_field)
        if hold is not None:
            _add_what_is_held([hold], user=request.user)
        return hold

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Ask on whom or what, and why, and place the hold."""
        access.require(request.user, Action.ADD, Category.RETENTION)
        form = HoldForm(
            request.POST if request.method == "POST" else None,
            person=request.GET.get("person", ""),
            record=request.GET.get("record", ""),
        )
        if request.method == "POST" and form.is_valid():
            try:
                hold = self._place(request, form)
            except DomainError as error:
                form.add_error(error.field or None, str(error))
            else:
                messages.success(request, _("The hold is in force from now on."))
                return redirect("admin:register_hold_change", hold.pk)
        self._record_who_is_shown(request, form)
        return TemplateResponse(
            request,
            "register/hold_place.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Place a hold"),
                "form": form,
                "media": self.media + form.media,
                "opts": self.opts,
            },
        )

    def _record_who_is_shown(self, request: HttpRequest, form: HoldForm) -> None:
        """Record the read: the page names the person it was opened for."""
        person = form.person_shown()
        if person is not None:
            audit.record("record.viewed", actor=actors.of_request(request), obj=person)

    def _place(self, request: HttpRequest, form: HoldForm) -> Hold:
        values = form.cleaned_data
        person = values.get("person")
        return holds.place(
            reason=values["reason"],
            reference=values["reference"],
            review_on=values["review_on"],
            subject_id=person.pk if person else None,
            obj=form.obj,
            actor=actors.of_request(request),
        )

    @action(
        description=_("Release"),
        url_path="release",
        permissions=["release"],
        icon="lock_open",
    )
    def release(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask, and then let the periods run again."""
        hold = get_object_or_404(Hold, pk=object_id)
        if request.method == "POST":
            holds.release(hold, actor=actors.of_request(request))
            messages.success(request, _("The hold is released."))
            return redirect("admin:register_hold_change", hold.pk)
        return TemplateResponse(
            request,
            "register/hold_release.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Release the hold?"),
                "hold": hold,
                "opts": self.opts,
            },
        )

    def has_release_permission(
        self, request: HttpRequest, object_id: Any = None
    ) -> bool:
        """Whoever may change what is held may release it."""
        return access.may(request.user, Action.CHANGE, Category.RETENTION)

    @admin.display(description=_("held"))
    def what(self, obj: Any) -> Any:
        """Link to the person or the record that stays."""
        if not obj.url:
            return obj.words
        return format_html('<a class="sel-link" href="{}">{}</a>', obj.url, obj.words)

    @admin.display(description=_("placed by"))
    def placed_by_name(self, obj: Hold) -> str:
        """Who placed it; requests of people place their own."""
        return obj.placed_by.get_full_name() if obj.placed_by else "–"

    @admin.display(description=_("state"))
    def state(self, obj: Hold) -> Any:
        """Whether it still holds, and whether it should have been looked at again."""
        if obj.released_at:
            return _("released")
        late = obj.review_on is not None and obj.review_on < timezone.localdate()
        words = _("in force, review overdue") if late else _("in force")
        return format_html('<span class="sel-mark sel-mark-warn">{}</span>', words)


def _add_what_is_held(rows: list[Any], *, user: object) -> None:
    """Give holds the words for what they hold, and its address for who may go there."""
    people = {row.subject_id for row in rows}
    names = names_of_people(people, user=user)
    numbers = numbers_of_people(people - set(names))
    for row in rows:
        model: type[models.Model] | None = None
        if row.subject_id:
            key = row.subject_id
            row.words = (
                names.get(key)
                or numbers.get(key)
                or _("a person who is no longer in the register")
            )
            model = person_model() if key in names else None
        else:
            row.words = record_in_words(row.object_type, row.object_id)
            record = find_record(f"{row.object_type}:{row.object_id}")
            model, key = (type(record), record.pk) if record else (None, "")
        may_go = model is not None and access.may_model(user, Action.VIEW, model)
        row.url = url_of(model, key) if model is not None and may_go else ""
