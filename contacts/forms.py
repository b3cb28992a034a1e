"""Forms of people and companies: they store normal forms and refuse with a sentence."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet
from unfold.widgets import UnfoldAdminSelect2MultipleWidget

from contacts import normal_forms
from contacts.forms_addresses import (
    ContactPointForm,
    ContactPointFormSet,
    PostalAddressForm,
    PostalAddressFormSet,
    name_the_inputs,
)
from contacts.forms_alike import IS_NEW, companies_alike, people_alike
from contacts.models import (
    Affiliation,
    Company,
    Contact,
    Duty,
    Situation,
)
from register.database.locks import Lock, advisory_locks
from register.database.visibility import choosing_rows
from register.errors import DomainError

__all__ = [
    "AffiliationForm",
    "AffiliationFormSet",
    "CompanyForm",
    "ContactForm",
    "ContactPointForm",
    "ContactPointFormSet",
    "PostalAddressForm",
    "PostalAddressFormSet",
]


class ContactForm(forms.ModelForm[Contact]):
    """A person's own details."""

    class Meta:
        model = Contact
        fields = (
            "first_name",
            "last_name",
            "preferred_name",
            "language",
            "relationship",
            "source",
            "source_detail",
            "responsible",
            "team",
        )

    def clean(self) -> None:
        """Let nobody be added a second time unknowingly."""
        super().clean()
        is_new = self.instance._state.adding and not self.errors
        if not is_new or self.data.get(IS_NEW):
            return
        if people_alike(self.data, Situation.ASKING):
            raise ValidationError(
                _(
                    "Perhaps this person is in the register already. Open those named above; if it is somebody else, tick the box and save again."
                ),
                "alike",
            )


class AffiliationForm(forms.ModelForm[Affiliation]):
    """A role at a company."""

    duties = forms.MultipleChoiceField(
        label=_("duties"), required=False, widget=UnfoldAdminSelect2MultipleWidget
    )

    class Meta:
        model = Affiliation
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        duties = self.fields.get("duties")
        if isinstance(duties, forms.MultipleChoiceField):
            duties.choices = duty_choices(self.instance.duties)
        name_the_inputs(self)

    def clean(self) -> None:
        """Refuse an end before the beginning; who was there before is not the main contact."""
        super().clean()
        valid_to = self.cleaned_data.get("valid_to")
        if valid_to and valid_to < timezone.localdate():
            self.cleaned_data["is_main"] = False
        start, end = (
            self.cleaned_data.get(name) for name in ("valid_from", "valid_to")
        )
        if start and end and end < start:
            self.add_error(
                "valid_to",
                ValidationError(_("The role ends before it begins."), "order"),
            )

    def validate_constraints(self) -> None:
        """Leave it to the set: a new main contact takes the place of the one before."""


class AffiliationFormSet(PaginationInlineFormSet):
    """All roles of a person."""

    def clean(self) -> None:
        """Refuse the same person twice as a company's main contact."""
        super().clean()
        mains: set[Any] = set()
        for form in self.forms:
            if form.cleaned_data.get("DELETE") or not form.cleaned_data.get("is_main"):
                continue
            company = form.cleaned_data.get("company")
            if company in mains:
                form.add_error("is_main", _("Mark one role at a company alone."))
            mains.add(company)

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Store the set; a new main contact takes the place of the one before."""
        own = [form.instance.pk for form in self.initial_forms]
        given_up = [f.instance.pk for f in self.initial_forms if not f.instance.is_main]
        Affiliation.objects.filter(pk__in=given_up).update(is_main=False)
        for form in self.forms:
            if form.cleaned_data.get("is_main") and not form.cleaned_data.get("DELETE"):
                before = Affiliation.objects.filter(
                    company=form.cleaned_data["company"], is_main=True
                )
                # Also one who is hidden from the reader: a refusal would tell of him.
                with choosing_rows():
                    before.exclude(pk__in=own).update(is_main=False)
        return super().save(commit=commit)


def duty_choices(chosen: list[str]) -> list[tuple[str, str]]:
    """Return the duties that are offered, and those that a role has already."""
    words = Duty.objects.filter(Q(is_offered=True) | Q(code__in=chosen or []))
    return sorted(
        ((word.code, str(word)) for word in words), key=lambda pair: pair[1].lower()
    )


class CompanyForm(forms.ModelForm[Company]):
    """A company."""

    class Meta:
        model = Company
        fields = (
            "name",
            "kind",
            "status",
            "status_since",
            "business_id",
            "street",
            "postcode",
            "town",
            "source",
            "responsible",
            "team",
        )

    def clean(self) -> None:
        """Let no company be added a second time unknowingly."""
        super().clean()
        is_new = self.instance._state.adding and not self.errors
        if not is_new or self.data.get(IS_NEW):
            return
        if companies_alike(self.data, Situation.ASKING):
            raise ValidationError(
                _(
                    "Perhaps this company is in the register already. Open those named above; if it is another, tick the box and save again."
                ),
                "alike",
            )

    def clean_business_id(self) -> str:
        """Take a business id in any spelling, its check digit right, or none."""
        text = str(self.cleaned_data["business_id"])
        if not text.strip():
            return ""
        try:
            business_id = normal_forms.business_id(text)
        except DomainError as error:
            raise ValidationError(str(error), error.code) from None
        # Whoever gives the same one at this moment stores it first, so that the check
        # that follows knows of it.
        advisory_locks(Lock.BUSINESS_ID, [business_id])
        # The sole trader with this id may be hidden; the database knows all the same.
        others = Company.objects.filter(business_id=business_id)
        others = others.exclude(pk=self.instance.pk)
        if others.exists():
            raise ValidationError(
                _("A company with this business id exists already."), "unique"
            )
        with choosing_rows():
            is_taken = others.exists()
        if is_taken:
            # No word on whose it is, nor that there is one.
            raise ValidationError(
                _(
                    "You cannot use this business id. Ask a colleague who is responsible for all customers."
                ),
                "unique",
            )
        return business_id
