"""Whose addresses are protected, and who was named to see them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.views import ChangeList

from register import access, actors
from register.datamap.vocabulary import Action, Category
from register.models import AddressProtection, WhereaboutsReader
from register.screens.rows import (
    names_of_people,
    numbers_of_people,
    person_model,
    url_of,
)
from register.services import protections
from register.staff_site import ReadOnlyAdmin, RegisterAdmin


class ProtectionRows(ChangeList):
    """A page of the list, with the names of the persons."""

    def get_results(self, request: HttpRequest) -> None:
        """Read the rows of the page and the names."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)  # type: ignore[has-type]
        people = {row.subject_id for row in rows}
        names = names_of_people(people, user=request.user)
        # Who is beyond reach is not gone, and is called by a number alone.
        numbers = numbers_of_people(people - set(names))
        for row in rows:
            row.person_name = names.get(row.subject_id, "")
            row.person_number = numbers.get(row.subject_id, "")
        self.result_list = rows


@admin.register(AddressProtection)
class AddressProtectionAdmin(ReadOnlyAdmin):
    """The protections; they are set and lifted on the page of the person."""

    list_display = ("person", "ground", "valid_until", "set_at", "state")
    list_display_links = None
    # By what an index gives in order.
    sortable_by = ("set_at",)
    list_filter = ("ground",)
    ordering = ("-set_at",)
    actions_detail = ()

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Return the list that reads names once a page."""
        return ProtectionRows

    @admin.display(description=_("person"))
    def person(self, obj: Any) -> Any:
        """Link to the page of the person."""
        name = getattr(obj, "person_name", "")
        if not name:
            number = getattr(obj, "person_number", "")
            return number or _("a person who is no longer in the register")
        url = url_of(person_model(), obj.subject_id)
        return format_html('<a class="sel-link" href="{}">{}</a>', url, name)

    @admin.display(description=_("state"))
    def state(self, obj: AddressProtection) -> Any:
        """Whether it hides anything now."""
        if obj.lifted_at:
            return _("lifted")
        return _("in force") if obj.is_in_force else _("over")


@admin.register(WhereaboutsReader)
class WhereaboutsReaderAdmin(RegisterAdmin):
    """Who may see protected addresses: named by one person, approved by another."""

    list_display = ("who", "named_at", "approved_at", "state")
    list_display_links = ("who",)
    list_select_related = ("user", "named_by")
    fields = ("user", "named_by_name", "named_at", "approved_at")
    readonly_fields = ("named_by_name", "named_at", "approved_at")
    ordering = ("-named_at",)
    actions_detail = ()

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Naming is for those who may change protections; setting one is for many."""
        return access.may(request.user, Action.CHANGE, Category.PROTECTED)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a naming is ended, and another person named."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ending is as easy as naming is not."""
        return access.may(request.user, Action.CHANGE, Category.PROTECTED)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Ask for the account alone."""
        return ("user",) if obj is None else self.fields

    def formfield_for_foreignkey(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer the accounts that are in use, by name."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "user":
            field.queryset = field.queryset.filter(is_active=True)
            field.label_from_instance = lambda user: user.get_full_name()
        return field

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: Any
    ) -> None:
        """Name, and ask a second person."""
        named = protections.name_reader(obj.user, actor=actors.of_request(request))
        obj.pk, obj._state.adding = named.pk, False

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Say that it waits; Django would say that it was done."""
        messages.info(request, _("It is in force once a second person has approved."))
        return redirect("admin:register_whereaboutsreader_changelist")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """End it at once."""
        protections.end_reader(obj, actor=actors.of_request(request))

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> None:
        """The service has recorded it."""

    def log_deletions(self, request: HttpRequest, queryset: Any) -> None:
        """The service records it."""

    @admin.display(description=_("staff account"))
    def who(self, obj: WhereaboutsReader) -> str:
        """Who was named."""
        return obj.user.get_full_name()

    @admin.display(description=_("named by"))
    def named_by_name(self, obj: WhereaboutsReader) -> str:
        """Who named them."""
        return obj.named_by.get_full_name() if obj.named_by else "–"

    @admin.display(description=_("state"))
    def state(self, obj: WhereaboutsReader) -> Any:
        """Whether it is in force."""
        return _("in force") if obj.approved_at else _("waits for approval")
