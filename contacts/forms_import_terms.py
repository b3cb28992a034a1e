"""The form that says on what terms a file is brought in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from contacts.models import Company, ImportBatch
from register.activities import ACTIVITIES, LegalBasis

INPUT = {"class": "sel-input"}
BASIS = ("source_kind", "collected_on", "activity", "is_informed")
PEOPLE = ("mode", "recognised_by", "external_system")
DEFAULTS = ("default_relationship", "default_language", "company")


class TermsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Whence, by what right, whom, and what is taken where the file says nothing."""

    company = forms.CharField(
        label=_("Company"),
        max_length=200,
        required=False,
        help_text=_("Business id or exact name of a company of the register."),
    )

    class Meta:
        model = ImportBatch
        fields = (
            *(*BASIS, *PEOPLE),
            *("default_relationship", "default_language"),
        )
        widgets = {
            "collected_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in (*BASIS, *PEOPLE, *DEFAULTS):
            self.fields[name].required = name in ("mode", "recognised_by")
            if name != "is_informed":
                self.fields[name].widget.attrs.update(INPUT)
        for name in (*BASIS, *PEOPLE, *DEFAULTS):
            choices = getattr(self.fields[name], "choices", None)
            if choices is not None:
                self.fields[name].choices = [  # type: ignore[attr-defined]
                    (code, _words(name, code, words)) for code, words in choices
                ]
        company = self.instance.default_company
        if company is not None:
            self.initial["company"] = company.business_id or company.name

    def clean_collected_on(self) -> Any:
        """Refuse days that have not been."""
        day = self.cleaned_data["collected_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("This day has not been yet."))
        return day

    def clean_company(self) -> Company | None:
        """Return the one company that is named."""
        text = self.cleaned_data["company"].strip()
        if not text:
            return None
        found = list(
            Company.objects.filter(Q(business_id=text) | Q(name__iexact=text))[:2]
        )
        if len(found) != 1:
            raise forms.ValidationError(
                _("Several companies have this name. Give the business id.")
                if found
                else _("The register has no such company.")
            )
        return found[0]

    @property
    def terms(self) -> dict[str, Any]:
        """What was chosen, as the import keeps it."""
        values = dict(self.cleaned_data)
        values["default_company"] = values.pop("company")
        return values

    def bound(self, names: tuple[str, ...]) -> list[forms.BoundField]:
        """Return some of the fields."""
        return [self[name] for name in names]

    @property
    def basis_fields(self) -> list[forms.BoundField]:
        """Whence and by what right."""
        return self.bound(BASIS)

    @property
    def people_fields(self) -> list[forms.BoundField]:
        """Whom the file may add or change."""
        return self.bound(PEOPLE)

    @property
    def default_fields(self) -> list[forms.BoundField]:
        """What is taken where the file says nothing."""
        return self.bound(DEFAULTS)


def _words(name: str, code: str, words: Any) -> Any:
    if not code:
        # Without a language the people have none; anything else is to be chosen.
        return _("not known") if name == "default_language" else _("Select value")
    return in_words(code) if name == "activity" else words


def in_words(code: str) -> str:
    """Return a purpose with its legal basis, and the balancing test if it needs one."""
    activity = ACTIVITIES.get(code)
    if activity is None:
        return ""
    test = activity.balancing_test
    words = f"{activity.purpose}: {LegalBasis(activity.basis).label}"
    return f"{words}, {test.reference}" if test else words
