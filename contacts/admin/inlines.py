"""What belongs to a contact, edited on its form."""

from __future__ import annotations

from typing import Any

from django.db.models import ForeignKey, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from contacts import forms
from contacts.models import (
    Affiliation,
    Company,
    ContactPoint,
    InferredInterest,
    Interest,
    PostalAddress,
    Profile,
)
from contacts.models.people import Source
from contacts.services import interests
from register import access
from register.datamap.vocabulary import Action, Category
from register.services import protections
from register.staff_site import not_editable, reaches_row, without


class PartOfContact(TabularInline):
    """A part of a contact: whoever may correct the contact may add and remove it.

    Removing an address that is wrong is a correction (GDPR Art. 16) and needs no right
    to delete people.
    """

    category = Category.IDENTITY
    tells_whereabouts = False
    # Fields of several kinds, of which some may be seen: their rows are chosen instead.
    by_kind: frozenset[str] = frozenset()
    # More fields than a line holds: each stands under its own label (staff.css).
    classes: tuple[str, ...] = ("sel-parts",)
    extra = 0
    hide_title = True
    show_change_link = False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for the right to see the category, and to see a protected person's whereabouts."""
        if self._hides(request, obj):
            return False
        if obj is None:
            # Of somebody new there is nothing to see, only something to add.
            return self.has_add_permission(request, obj)
        return access.may(request.user, Action.VIEW, self.category)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask for the right to change the category, or to add to it for a new contact."""
        if obj is None and access.may(request.user, Action.ADD, self.category):
            return True
        if self._hides(request, obj):
            return False
        if obj is not None and not reaches_row(request, Action.CHANGE, obj):
            return False
        return access.may(request.user, Action.CHANGE, self.category)

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission

    def _hides(self, request: HttpRequest, obj: Any) -> bool:
        """Whether inputs would stand empty for what exists, and could not be stored."""
        if not self.tells_whereabouts or obj is None:
            return False
        # Asked several times a page.
        hidden: dict[Any, bool] = request.__dict__.setdefault("hidden_whereabouts", {})
        if obj.pk not in hidden:
            is_protected = bool(protections.protected_among([obj.pk]))
            hidden[obj.pk] = is_protected and not protections.is_reader(request.user)
        return hidden[obj.pk]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what is hidden or masked."""
        unseen = access.unseen(request.user, self.model)
        return without(super().get_fields(request, obj), unseen - self.by_kind)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Let nobody write what he may only read."""
        readonly = super().get_readonly_fields(request, obj)
        return (*readonly, *not_editable(request, self.model))

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Propose that staff entered it; they may say otherwise."""
        formset = super().get_formset(request, obj, **kwargs)
        formset.form.user = request.user  # who verifies an address
        if "source" in formset.form.base_fields:
            formset.form.base_fields["source"].initial = Source.STAFF
        return formset


class ContactPointInline(PartOfContact):
    """E-mail addresses and telephone numbers."""

    model = ContactPoint
    form = forms.ContactPointForm
    formset = forms.ContactPointFormSet
    fields = (
        "kind",
        "value",
        "usage",
        "label",
        "is_primary",
        "valid_from",
        "valid_to",
        "verified_how",
        "source",
    )
    by_kind = frozenset({"value"})

    def get_queryset(self, request: HttpRequest) -> QuerySet[ContactPoint]:
        """Leave out the kinds that are not seen and written: a mask is no value."""
        points: QuerySet[ContactPoint] = super().get_queryset(request)
        return points.filter(kind__in=_kinds(request))

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Offer those kinds alone."""
        if db_field.name == "kind":
            kinds = _kinds(request)
            kwargs["choices"] = [
                ("", _("Select value")),
                *(pair for pair in ContactPoint.Kind.choices if pair[0] in kinds),
            ]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        """Offer one row of each kind for a new contact."""
        return 2 if obj is None else 0


def _kinds(request: HttpRequest) -> list[str]:
    return [
        kind
        for kind in ContactPoint.Kind.values
        if access.editable(request.user, ContactPoint, "value", kind=kind)
    ]


class PostalAddressInline(PartOfContact):
    """Postal addresses."""

    model = PostalAddress
    tells_whereabouts = True
    form = forms.PostalAddressForm
    formset = forms.PostalAddressFormSet
    fields = (
        "street",
        "postcode",
        "town",
        "country",
        "usage",
        "is_primary",
        "valid_from",
        "valid_to",
        "verified_how",
        "source",
    )


def _name_seen(company: Any) -> str:
    return str(access.as_seen_now(company).name)


class AffiliationInline(PartOfContact):
    """Roles at companies."""

    model = Affiliation
    tells_whereabouts = True
    form = forms.AffiliationForm
    category = Category.COMPANY
    formset = forms.AffiliationFormSet
    fields = (
        "company",
        "job_title",
        "department",
        "duties",
        "is_main",
        "valid_from",
        "valid_to",
        "source",
    )
    autocomplete_fields = ("company",)
    verbose_name_plural = _("Roles at companies")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Affiliation]:
        """Leave out roles at a company that is hidden: an input without it stores nothing.

        That is the firm of a sole trader whose address is protected, at which others
        have roles, too.
        """
        roles: QuerySet[Affiliation] = super().get_queryset(request)
        return roles.filter(company__in=Company.objects.all())

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Show the name of the chosen company."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if field is not None and db_field.name == "company":
            field.label_from_instance = _name_seen
        return field


class WithTopic(PartOfContact):
    """A part that names a topic."""

    classes = ()

    def formfield_for_foreignkey(
        self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any
    ) -> Any:
        """Choose among topics; they are added elsewhere."""
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        for name in ("can_add_related", "can_change_related", "can_view_related"):
            if field is not None and hasattr(field.widget, name):
                setattr(field.widget, name, False)
        return field


class InterestInline(WithTopic):
    """Interests the person named."""

    model = Interest
    category = Category.CLASSIFICATION
    fields = ("topic", "given_on", "source")
    verbose_name_plural = _("Interests the person named")

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Propose that the person said so."""
        formset = super().get_formset(request, obj, **kwargs)
        if "source" in formset.form.base_fields:
            formset.form.base_fields["source"].initial = Source.PERSON
        return formset


class InferredInterestInline(WithTopic):
    """Interests that were concluded: not after an objection to that."""

    model = InferredInterest
    category = Category.PROFILE
    fields = ("topic", "concluded_from", "concluded_on", "source")
    verbose_name_plural = _("Concluded interests")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse where the person objected to profiling (GDPR Art. 21)."""
        return _may_conclude(obj) and self.has_change_permission(request, obj)


class ProfileInline(PartOfContact):
    """What was made of the person."""

    classes = ()

    model = Profile
    category = Category.PROFILE
    fields = ("role_level", "industry", "company_size", "source")
    verbose_name_plural = _("Profile")
    max_num = 1

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse where the person objected to profiling (GDPR Art. 21)."""
        return _may_conclude(obj) and super().has_change_permission(request, obj)

    has_add_permission = has_change_permission

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: it is emptied, and an objection in it stays."""
        return False


def _may_conclude(contact: Any) -> bool:
    return contact is None or not interests.has_objected(contact)
