"""Service agreements: the list, and a form with their contact persons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from contacts.models import AgreementContact, ServiceAgreement
from contacts.models.people import Source
from contacts.screens.side_by_side import name_of
from contacts.services import agreements
from register import access
from register.datamap.vocabulary import Action, Category
from register.staff_site import RegisterAdmin


class AgreementForm(forms.ModelForm[ServiceAgreement]):
    """An agreement with one customer."""

    class Meta:
        model = ServiceAgreement
        fields = (
            "company",
            "person",
            "service",
            "reference",
            "starts_on",
            "ends_on",
            "source",
        )

    def clean(self) -> None:
        """Ask for one customer, and for dates in their order."""
        super().clean()
        given = self.cleaned_data
        if "company" in self.fields:
            both = given.get("company"), given.get("person")
            if self.errors.keys().isdisjoint({"company", "person"}) and (
                (both[0] is None) == (both[1] is None)
            ):
                self.add_error(
                    "company",
                    ValidationError(
                        _("Name the customer: a company, or a consumer."), "customer"
                    ),
                )
        start, end = given.get("starts_on"), given.get("ends_on")
        if start and end and end < start:
            self.add_error(
                "ends_on",
                ValidationError(_("The agreement ends before it begins."), "order"),
            )

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        self.instance.ended_at = agreements.ended_at(self.cleaned_data.get("ends_on"))

    def validate_constraints(self) -> None:
        """Leave it to :meth:`clean`, which says it beside the field."""


class ContactPersonInline(TabularInline):
    """Who speaks for the customer."""

    model = AgreementContact
    extra = 1
    hide_title = True
    fields = ("contact",)
    autocomplete_fields = ("contact",)
    verbose_name_plural = _("Contact persons")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for the right to see people."""
        return access.may(request.user, Action.VIEW, Category.IDENTITY)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for the rights to change companies and to see people."""
        return access.may(
            request.user, Action.CHANGE, Category.COMPANY
        ) and self.has_view_permission(request)

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Show the name of the chosen person."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None:
            field.label_from_instance = _name_seen
        return field


def _name_seen(customer: Any) -> str:
    """Return what the reader sees of the name of a person or a company."""
    return name_of(access.as_seen_now(customer))


@admin.register(ServiceAgreement)
class ServiceAgreementAdmin(RegisterAdmin):
    """What customers use. An agreement ends; its history goes when its period is over."""

    form = AgreementForm
    list_display = ("service", "customer", "reference", "starts_on", "ends_on")
    sortable_by = ("starts_on",)
    list_select_related = ("service", "company", "person")
    list_filter = ("service",)
    ordering = ("-starts_on", "id")
    preserve_filters = False
    autocomplete_fields = ("company", "person")
    inlines = (ContactPersonInline,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("company", "person"),
                    ("service", "reference"),
                    ("starts_on", "ends_on"),
                    "source",
                )
            },
        ),
    )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: it is ended, and its history goes by the period."""
        return False

    def get_readonly_fields(
        self, request: HttpRequest, obj: ServiceAgreement | None = None
    ) -> tuple[str, ...]:
        """Keep the customer and the source: another customer is another agreement."""
        return ("customer_shown", "source") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Show the customer instead of choosing it, once it is stored."""
        if obj is None:
            return super().get_fieldsets(request, obj)
        fields = (
            "customer_shown",
            ("service", "reference"),
            ("starts_on", "ends_on"),
            "source",
        )
        return self.seen_fieldsets(request, ((None, {"fields": fields}),))

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose that staff entered it."""
        return {"source": Source.STAFF, **super().get_changeform_initial_data(request)}

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Show names of the chosen customer."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "company":
            field.label_from_instance = _name_seen
        if field is not None and db_field.name == "person":
            field.label_from_instance = _name_seen
        return field

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: Any
    ) -> None:
        """Save the contact persons, then let the company's status follow."""
        super().save_related(request, form, formsets, change)
        if form.instance.company_id:
            agreements.set_status([form.instance.company_id])

    @admin.display(description=_("customer"))
    def customer(self, obj: ServiceAgreement) -> str:
        """The name of the company, or that it is a consumer."""
        if obj.company is not None:
            return _name_seen(obj.company)
        # The name is for those who may see people: it stands on the person's own page.
        return str(_("a consumer"))

    customer_shown = customer
