"""Forms of an import: the file, and what its columns mean."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch
from contacts.services.imports import reasons, targets

INPUT = {"class": "sel-input"}
WIDE = {"class": "sel-input sel-input-wide"}


class UploadForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file and where it comes from. The file stands last: see ``screens.uploads``."""

    file = forms.FileField(
        label=_("CSV file"),
        allow_empty_file=True,  # the reading says what is wrong with it
        widget=forms.ClearableFileInput(
            attrs={**INPUT, "accept": ".csv,.txt,text/csv,text/plain"}
        ),
        error_messages={"required": _("Choose the file to import.")},
    )

    class Meta:
        model = ImportBatch
        fields = ("title", "file")
        labels = {"title": _("Where the list comes from")}
        help_texts = {
            "title": _(
                "For example the name of the fair or of the system. It stands as the source on every record the file brings, and each person can ask for it. Name no person here."
            )
        }
        widgets = {"title": forms.TextInput(attrs={**INPUT, "autocomplete": "off"})}


class ColumnsForm(forms.Form):
    """What each column of a file means, with its first cells as examples."""

    def __init__(
        self, batch: ImportBatch, examples: list[list[str]], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._count = len(batch.header)
        chosen = batch.targets or [""] * self._count
        self._examples = examples
        for index in range(self._count):
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=reasons.column_name(index, batch.header),
                choices=targets.choices(),
                required=False,
                initial=chosen[index],
                widget=forms.Select(attrs=WIDE),
            )

    @property
    def rows(self) -> list[tuple[forms.BoundField, list[str]]]:
        """Each column with its first cells."""
        return [
            (self[f"column_{index}"], self._examples[index])
            for index in range(self._count)
        ]

    @property
    def targets(self) -> list[str]:
        """The chosen targets, in the order of the file."""
        return [
            str(self.cleaned_data[f"column_{index}"]) for index in range(self._count)
        ]
