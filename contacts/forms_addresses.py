"""Forms of addresses: they store normal forms, and one of a kind comes first."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from unfold.forms import PaginationInlineFormSet

from contacts import normal_forms
from contacts.models import ContactPoint, PostalAddress
from register.database.locks import Lock, advisory_locks
from register.errors import DomainError


def name_the_inputs(form: forms.ModelForm[Any]) -> None:
    """Give the inputs of a table names for people who cannot see its head."""
    for field in form.fields.values():
        field.widget.attrs.setdefault("aria-label", capfirst(str(field.label)))


def widen(field: forms.Field) -> None:
    """Give an input of a table room for what usually stands in it."""
    classes = field.widget.attrs.get("class", "")
    field.widget.attrs["class"] = f"{classes} sel-input-wide".strip()


class DatedForm:
    """A part of the form of an address: its time, and how sure it is."""

    # Set by the admin for each request: who verifies.
    user: Any = None

    def clean(self) -> None:
        """Refuse an end before the beginning; what is past is not primary."""
        super().clean()  # type: ignore[misc]
        form: Any = self
        start, end = (
            form.cleaned_data.get(name) for name in ("valid_from", "valid_to")
        )
        if start and end and end < start:
            form.add_error(
                "valid_to",
                ValidationError(_("The address ends before it begins."), "order"),
            )
        if end and end < timezone.localdate() and form.cleaned_data.get("is_primary"):
            form.cleaned_data["is_primary"] = False

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        form: Any = self
        if "verified_how" in form.changed_data:
            is_verified = bool(form.cleaned_data.get("verified_how"))
            form.instance.verified_at = timezone.now() if is_verified else None
            form.instance.verified_by = self.user if is_verified else None


class ContactPointForm(DatedForm, forms.ModelForm[ContactPoint]):
    """An e-mail address or telephone number."""

    class Meta:
        model = ContactPoint
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_the_inputs(self)
        if "value" in self.fields:
            widen(self.fields["value"])

    def clean(self) -> None:
        """Bring the address into its normal form."""
        super().clean()
        kind, value = self.cleaned_data.get("kind"), self.cleaned_data.get("value")
        if not kind or not value:
            return
        try:
            if kind == ContactPoint.Kind.EMAIL:
                self.cleaned_data["value"] = normal_forms.email(value)
            else:
                self.cleaned_data["value"] = normal_forms.phone(value)
        except DomainError as error:
            self.add_error("value", ValidationError(str(error), error.code))

    def _post_clean(self) -> None:
        super()._post_clean()
        if "value" in self.changed_data:
            # Another address: nothing is known of it.
            self.instance.undeliverable_since = None
            if "verified_how" not in self.changed_data:
                self.instance.verified_how = ""
                self.instance.verified_at = self.instance.verified_by = None

    def validate_constraints(self) -> None:
        """Leave it to the set, which knows which address takes whose place."""

    def validate_unique(self) -> None:
        """Leave it to the set."""


class ContactPointFormSet(PaginationInlineFormSet):
    """All addresses of a person: none twice, and one primary of each kind."""

    def clean(self) -> None:
        """Check the set as it would be stored, while no import adds people."""
        super().clean()
        advisory_locks(Lock.CONTACT_POINT, ())
        submitted = [form.instance.pk for form in self.initial_forms]
        others = self.queryset.exclude(pk__in=submitted) if self.instance.pk else []
        known = {(point.kind, point.value) for point in others}
        primary = {point.kind for point in others if point.is_primary}
        kept = self._kept()
        for form in kept:
            kind, value = form.cleaned_data.get("kind"), form.cleaned_data.get("value")
            if not kind or not value or "value" in form.errors:
                continue
            if (kind, value) in known:
                form.add_error("value", _("The contact has this address already."))
            known.add((kind, value))
            if form.cleaned_data.get("is_primary"):
                if kind in primary:
                    form.add_error(
                        "is_primary",
                        _(
                            "Only one address of a kind can be primary. Leave one of them marked."
                        ),
                    )
                primary.add(kind)
        named = self.instance.first_name or self.instance.last_name
        if not (kept or named or known):
            raise ValidationError(
                _("Give a name, an e-mail address or a telephone number."), "empty"
            )

    def validate_unique(self) -> None:
        """Leave it to :meth:`clean`, which says it beside the address."""

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Store the set; the first address of a kind is primary if none is marked."""
        kept = [form for form in self._kept() if form.cleaned_data.get("value")]
        with_primary = {
            form.cleaned_data["kind"]
            for form in kept
            if form.cleaned_data["is_primary"]
        }
        for form in kept:
            if (
                form.cleaned_data["kind"] not in with_primary
                and not form.instance.is_past
            ):
                form.instance.is_primary = True
                with_primary.add(form.cleaned_data["kind"])
                # Otherwise an untouched form is not saved.
                form.changed_data.append("is_primary")
        # Before another takes its place: the database allows one at any moment.
        given_up = [
            form.instance.pk
            for form in self.initial_forms
            if not form.instance.is_primary
        ]
        ContactPoint.objects.filter(pk__in=given_up).update(is_primary=False)
        return super().save(commit=commit)

    def _kept(self) -> list[Any]:
        return [
            form
            for form in self.forms
            if hasattr(form, "cleaned_data")
            and not form.cleaned_data.get("DELETE")
            and (form.instance.pk or form.has_changed())
        ]


class PostalAddressForm(DatedForm, forms.ModelForm[PostalAddress]):
    """A postal address."""

    class Meta:
        model = PostalAddress
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_the_inputs(self)

    def clean_country(self) -> str:
        """Take the two letters of ISO 3166-1 in any case."""
        from phonenumbers import SUPPORTED_REGIONS

        country = str(self.cleaned_data["country"]).upper()
        if country not in SUPPORTED_REGIONS:
            raise ValidationError(
                _("Write the country as two letters, for example FI, SE or EE."),
                "country",
            )
        return country

    def clean(self) -> None:
        """Ask for something that a letter can reach."""
        super().clean()
        if not self.errors and not (
            self.cleaned_data.get("street") or self.cleaned_data.get("town")
        ):
            self.add_error(
                "street",
                ValidationError(_("Write at least the street or the town."), "empty"),
            )

    def validate_constraints(self) -> None:
        """Leave it to the set, which knows which address takes whose place."""


class PostalAddressFormSet(PaginationInlineFormSet):
    """All postal addresses of a person: one of them is primary at most."""

    def clean(self) -> None:
        """Refuse a second primary address."""
        super().clean()
        kept = [f for f in self.forms if not f.cleaned_data.get("DELETE")]
        marked = [f for f in kept if f.cleaned_data.get("is_primary")]
        for form in marked[1:]:
            form.add_error("is_primary", _("Only one postal address can be primary."))

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002 - Django's signature
        """Store the set; whoever gives up the first place does so first."""
        given_up = [
            f.instance.pk for f in self.initial_forms if not f.instance.is_primary
        ]
        PostalAddress.objects.filter(pk__in=given_up).update(is_primary=False)
        return super().save(commit=commit)
