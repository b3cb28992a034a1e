"""What a hold names: the form to place one, and its words on lists and pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.database.due_tables import due_tables
from register.datamap.graph import graph
from register.datamap.removal import parts_of
from register.models import Hold
from register.screens.rows import name_of, person_model


def is_holdable(model: type[models.Model]) -> bool:
    """Whether rows of the table end by themselves, so that a hold means something."""
    return any(entry.model is model for entry in due_tables(graph()))


def find_record(named: str) -> models.Model | None:
    """Return the row that ``app.model:key`` names, if it can be held and can be seen."""
    label, _colon, key = named.partition(":")
    try:
        model = apps.get_model(label)
        if not is_holdable(model):
            return None
        found: models.Model | None = model._default_manager.filter(pk=key).first()
    except (LookupError, ValueError, ValidationError):
        return None
    return found


def in_words(obj: models.Model) -> str:
    """Return what a record is called: its table and its number."""
    return record_in_words(obj._meta.label, str(obj.pk))


def record_in_words(object_type: str, object_id: str) -> str:
    """Return the same for a record that may be gone."""
    try:
        name = apps.get_model(object_type)._meta.verbose_name
    except (LookupError, ValueError):
        name = object_type
    return f"{capfirst(str(name))} {object_id}"


INPUT = {"class": "sel-input"}


class PersonField(forms.ModelChoiceField):  # type: ignore[type-arg]
    """A person, found by the beginning of a name, an address or a number."""

    def label_from_instance(self, obj: Any) -> str:
        """Say who was found."""
        return name_of(obj)


class PersonSelect(AutocompleteSelect):
    """Django's field that completes what is typed; it bears what is no key at all."""

    def optgroups(self, name: str, value: Sequence[str], attrs: Any = None) -> Any:
        """Return the chosen person, if one is chosen."""
        return super().optgroups(name, [key for key in value if _valid_key(key)], attrs)


def _key_to_a_person() -> models.ForeignKey[Any, Any]:
    # The widget asks through a foreign key, which a hold deliberately has not; any
    # other that leads to people asks the same question.
    model, column = parts_of(person_model())[0]
    return next(
        field
        for field in model._meta.concrete_fields
        if isinstance(field, models.ForeignKey) and field.column == column
    )


class HoldForm(forms.Form):
    """A hold on a person, or on the one record that the page before named."""

    record = forms.ChoiceField(
        label=_("record"),
        widget=forms.Select(attrs=INPUT),
        help_text=_("What would be deleted together with it stays too."),
    )
    reason = forms.ChoiceField(
        label=_("reason"),
        choices=[("", "–"), *Hold.Reason.choices],
        widget=forms.Select(attrs=INPUT),
    )
    reference = forms.CharField(
        label=_("reference"),
        max_length=80,
        required=False,
        widget=forms.TextInput(attrs={**INPUT, "autocomplete": "off"}),
        help_text=_("Case number or the like. Do not write names."),
    )
    review_on = forms.DateField(
        label=_("looked at again on"),
        required=False,
        widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, data: Any, *, person: str = "", record: str = "") -> None:
        super().__init__(data, initial={"person": _valid_key(person), "record": record})
        self.obj: models.Model | None = None
        named = str(self.data.get("record") or record)
        if named:
            self.obj = find_record(named)
            words = _("deleted") if self.obj is None else in_words(self.obj)
            self.fields["record"].choices = [(named, words)]  # type: ignore[attr-defined]
            return
        del self.fields["record"]
        self.fields["person"] = PersonField(
            person_model()._default_manager.all(),
            label=_("person"),
            widget=PersonSelect(_key_to_a_person(), admin.site),
            help_text=_(
                "Everything about the person stays, shared conversations included."
            ),
        )
        self.order_fields(["person", "reason"])

    def person_shown(self) -> models.Model | None:
        """Return whom the page names, if it names anybody."""
        if "person" not in self.fields:
            return None
        key = _valid_key(str(self["person"].value() or ""))
        return person_model()._default_manager.filter(pk=key).first() if key else None

    def clean_record(self) -> str:
        """Refuse what is gone, and what never ends."""
        if self.obj is None:
            raise ValidationError(
                _(
                    "This record does not exist, or it has been deleted. Nothing can be held."
                ),
                code="gone",
            )
        return str(self.cleaned_data["record"])


def _valid_key(person: str) -> Any:
    try:
        return person_model()._meta.pk.to_python(person) if person else None
    except ValidationError:
        return None
