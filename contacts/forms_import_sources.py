"""The form of a saved source: its terms, and what its columns mean and replace."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.translation import gettext_lazy as _

from contacts.forms_imports import POLICIES, WIDE
from contacts.models import ImportBatch, ImportSource
from contacts.services.imports import batches, sources, targets
from contacts.services.imports.reasons import column_name
from contacts.services.imports.replacing import REPLACEABLE
from register import actors
from register.errors import DomainError
from register.identifiers import find_personal_identity_codes


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """What a column of a source means, and what it does where something is stored."""

    target: str
    policy: str = ""


class ColumnsWidget(forms.Widget):
    """A line for each column, with its name where a file of the source tells it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.user: object = None

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        """Return the columns in their order; None if none were sent."""
        found: list[Column] = []
        while (key := f"{name}_{len(found)}") in data:
            policy = str(data.get(f"{key}_policy", ""))
            found.append(Column(str(data[key]), policy))
        return found or None

    def render(
        self, name: str, value: Any, attrs: Any = None, renderer: Any = None
    ) -> Any:
        """Write the table."""
        meanings = targets.choices(self.user)
        lines = []
        for index, column in enumerate(value or []):
            key = f"{name}_{index}"
            kept: list[Any] = [(column.target, _("not known any more"))]
            known = column.target in dict(meanings)
            lines.append(
                {
                    "id": f"id_{key}",
                    "name": column_name(index, self.names),
                    "target": forms.Select(
                        WIDE, meanings if known else [*kept, *meanings]
                    ).render(key, column.target, {"id": f"id_{key}"}),
                    "policy": forms.Select(WIDE, list(POLICIES.items())).render(
                        f"{key}_policy", column.policy, {"id": f"id_{key}_policy"}
                    ),
                }
            )
        return render_to_string("contacts/source_columns.html", {"lines": lines})


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """The name, the terms and the columns of a source."""

    columns = forms.Field(label=_("Columns"), widget=ColumnsWidget(), required=False)
    # Set by who shows the form: rights say what a column may be.
    user: Any = None

    class Meta:
        model = ImportSource
        fields = (
            *("name", "source_kind", "activity", "is_informed", "mode"),
            *("recognised_by", "external_system", "default_relationship"),
            *("default_language", "default_company"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "columns" not in self.fields:
            return  # only to be looked at
        policies = {
            **dict.fromkeys(self.instance.replaced, "replaced"),
            **dict.fromkeys(self.instance.replaced_all, "replaced_all"),
        }
        self.initial["columns"] = [
            Column(code, policies.get(code, "")) for code in self.instance.targets
        ]
        widget: Any = self.fields["columns"].widget
        widget.names, widget.user = sources.names_of_columns(self.instance), self.user

    def clean_name(self) -> str:
        """Refuse names that tell of a person."""
        name = str(self.cleaned_data["name"])
        if find_personal_identity_codes(name):
            raise forms.ValidationError(
                _("The name holds a personal identity code. Write another name.")
            )
        return name

    def clean_columns(self) -> Sequence[Column]:
        """Leave columns that were not sent as they are."""
        columns: Sequence[Column] | None = self.cleaned_data["columns"]
        return columns or self.initial["columns"]

    def clean(self) -> dict[str, Any]:
        """Refuse columns that make no sense together, or for which the right is missing."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        columns = cleaned.get("columns")
        if columns is None or "recognised_by" not in cleaned:
            return cleaned
        codes = [column.target for column in columns]
        terms = ImportBatch(
            recognised_by=cleaned["recognised_by"],
            external_system=cleaned.get("external_system", ""),
        )
        try:
            batches.check_targets(
                codes, columns=len(self.instance.targets), batch=terms
            )
            if codes != self.instance.targets:
                batches.check_rights(codes, actors.of_user(self.user))
        except DomainError as error:
            self.add_error("columns", str(error))
        for name in ("replaced", "replaced_all"):
            policies = [
                column.target
                for column in columns
                if column.policy == name and column.target in REPLACEABLE
            ]
            setattr(self.instance, name, list(dict.fromkeys(policies)))
        self.instance.targets = codes
        return cleaned
