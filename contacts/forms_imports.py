"""Forms of an import: the file, how it is read, and what its columns mean."""

from __future__ import annotations

import dataclasses
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from contacts.models import ImportBatch, ImportSource
from contacts.services.imports import reasons, targets, texts
from contacts.services.imports.layouts import (
    CARDS,
    CSV,
    LAST_HEADER_ROW,
    Choice,
    Layout,
)
from contacts.services.imports.preview import Preview
from contacts.services.imports.replacing import REPLACEABLE

INPUT = {"class": "sel-input"}
WIDE = {"class": "sel-input sel-input-wide"}
ACCEPTED = ".csv,.txt,.tsv,.xlsx,.xlsm,.vcf,text/csv,text/vcard,text/plain,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DELIMITERS = {
    ";": _("semicolon ;"),
    ",": _("comma ,"),
    "\t": _("tab"),
    "|": _("vertical line |"),
}
# What a column does where something is stored already. See ``services.imports.replacing``.
POLICIES = {
    "": _("add what is missing"),
    "replaced": _("replace what other files brought"),
    "replaced_all": _("replace everything, whoever entered it"),
}
ENCODINGS = {
    "utf-8": _("Unicode (UTF-8)"),
    "windows-1252": _("Western European (Windows-1252, ISO 8859-1)"),
    "iso-8859-15": _("Western European with euro (ISO 8859-15)"),
    "mac-roman": _("Macintosh (Mac Roman)"),
    "cp850": _("DOS (code page 850)"),
    "utf-16": _("Unicode (UTF-16)"),
    "utf-16-le": _("Unicode (UTF-16 LE without mark)"),
    "utf-16-be": _("Unicode (UTF-16 BE without mark)"),
    "windows-1250": _("Central European (Windows-1250)"),
    "windows-1251": _("Cyrillic (Windows-1251)"),
    "windows-1257": _("Baltic (Windows-1257)"),
}


class UploadForm(forms.ModelForm):  # type: ignore[type-arg]
    """A file and where it comes from. The file stands last: see ``screens.uploads``."""

    source = forms.ModelChoiceField(
        ImportSource.objects.all(),
        label=_("Saved source"),
        required=False,
        empty_label=_("none: choose the settings by hand"),
        help_text=_(
            "Its columns and settings are taken. The day on which the list was collected is asked for each file."
        ),
        widget=forms.Select(attrs=INPUT),
    )
    file = forms.FileField(
        label=_("CSV file, Excel workbook or contact cards"),
        allow_empty_file=True,  # the reading says what is wrong with it
        widget=forms.ClearableFileInput(attrs={**INPUT, "accept": ACCEPTED}),
        error_messages={"required": _("Choose the file to import.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The file stands last, whatever fields the model gives.
        self.order_fields(["title", "source", "file"])
        if not ImportSource.objects.exists():
            del self.fields["source"]

    class Meta:
        model = ImportBatch
        fields = ("title",)
        labels = {"title": _("Where the list comes from")}
        help_texts = {
            "title": _(
                "For example the name of the fair or of the system. It stands as the source on every record the file brings, and each person can ask for it. Name no person here."
            )
        }
        widgets = {"title": forms.TextInput(attrs={**INPUT, "autocomplete": "off"})}


class LayoutForm(forms.Form):
    """How a file is read."""

    encoding = forms.ChoiceField(label=_("Characters"), required=False)
    delimiter = forms.ChoiceField(label=_("Columns are separated by"), required=False)
    sheet = forms.TypedChoiceField(
        label=_("Sheet"), coerce=int, empty_value=None, required=False
    )
    header_row = forms.IntegerField(
        label=_("Row with the names of the columns"),
        help_text=_("As the spreadsheet numbers it; 0 if there is none."),
        min_value=0,
        max_value=LAST_HEADER_ROW,
        required=False,
    )
    # What was shown when this was sent: what differs was changed by hand.
    shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(
        self, layout: Layout, sheets: list[Any], *args: Any, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.layout = layout
        self.fields["encoding"].choices = list(ENCODINGS.items())  # type: ignore[attr-defined]
        others = {layout.delimiter: layout.delimiter} if layout.delimiter else {}
        self.fields["delimiter"].choices = list({**others, **DELIMITERS}.items())  # type: ignore[attr-defined]
        self.fields["sheet"].choices = [  # type: ignore[attr-defined]
            (
                sheet.index,
                _("%(name)s (hidden)") % {"name": sheet.name}
                if sheet.is_hidden
                else sheet.name,
            )
            for sheet in sheets
        ]
        asked = {
            CSV: ("encoding", "delimiter", "header_row"),
            CARDS: ("encoding",),
        }.get(layout.kind, ("sheet", "header_row"))
        for name in ("encoding", "delimiter", "sheet", "header_row"):
            if name not in asked:
                del self.fields[name]
        for field in self.fields.values():
            field.widget.attrs.update(INPUT)
        self.initial = {
            "encoding": layout.encoding,
            "delimiter": layout.delimiter,
            "sheet": layout.sheet,
            "header_row": layout.header_row,
            "shown": shown(layout),
        }


def shown(layout: Layout | Choice) -> str:
    """Return how a file is read, in one word."""
    delimiter = ord(layout.delimiter) if layout.delimiter else 0
    row = layout.header_row
    return f"{layout.encoding or ''}/{delimiter}/{layout.sheet or 0}/{'' if row is None else row}"


def posted(data: Any, layout: Layout) -> tuple[Choice, list[str]]:
    """Return how a form says the file is to be read, and what its columns mean.

    ``layout`` says what kind of file it is; nonsense counts as not chosen. Whoever
    chooses another sheet, separator or encoding gets the header row guessed anew, and
    with another header row the columns.
    """
    encoding, delimiter = data.get("encoding"), data.get("delimiter")
    is_csv, is_text = layout.kind == CSV, layout.kind in (CSV, CARDS)
    chosen = Choice(
        encoding=encoding if is_text and encoding in texts.ENCODINGS else None,
        delimiter=delimiter if is_csv and _is_delimiter(delimiter) else None,
        sheet=None if is_text else _number(data.get("sheet"), most=10_000),
        header_row=0
        if layout.kind == CARDS
        else _number(data.get("header_row"), most=LAST_HEADER_ROW),
    )
    was, now = str(data.get("shown", shown(chosen))), shown(chosen)
    if was.rpartition("/")[0] != now.rpartition("/")[0]:
        return dataclasses.replace(chosen, header_row=None), []
    return chosen, targets_of(data) if was == now else []


def _is_delimiter(text: Any) -> bool:
    return (
        isinstance(text, str)
        and len(text) == 1
        and text not in '"\r\n\0'
        and ord(text) < 0x250
    )


def _number(text: Any, *, most: int) -> int | None:
    digits = str(text or "")
    if not (digits.isascii() and digits.isdecimal() and len(digits) < 6):
        return None
    return min(int(digits), most)


class ColumnsForm(forms.Form):
    """What each column of a file means, with its first cells as they are read."""

    def __init__(
        self,
        preview: Preview,
        *args: Any,
        user: object,
        policies: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.preview = preview
        choices = targets.choices(user)
        for index, target in enumerate(preview.targets):
            name = reasons.column_name(index, preview.layout.header)
            self.fields[f"column_{index}"] = forms.ChoiceField(
                label=name,
                choices=choices,
                required=False,
                initial=target,
                widget=forms.Select(attrs=WIDE),
            )
            if target in REPLACEABLE:
                self.fields[f"policy_{target}"] = forms.ChoiceField(
                    label=_("%(column)s: what is stored already") % {"column": name},
                    choices=list(POLICIES.items()),
                    required=False,
                    initial=(policies or {}).get(target, ""),
                    widget=forms.Select(attrs=WIDE),
                )

    @property
    def rows(self) -> list[tuple[dict[str, Any], list[dict[str, Any]], Any]]:
        """Each column with its first cells, and why it is not taken."""
        return [
            (
                {
                    "column": self[f"column_{index}"],
                    "policy": self[f"policy_{column.target}"]
                    if column.target in REPLACEABLE
                    else None,
                },
                [
                    {
                        "text": cell.text[:60],
                        "problem": reasons.OF_ROWS.get(cell.problem, "")
                        if cell.problem
                        else "",
                    }
                    for cell in column.cells
                ],
                "" if column.target else reasons.OF_COLUMNS.get(column.reason, ""),
            )
            for index, column in enumerate(self.preview.columns)
        ]


def policies_of(data: Any) -> dict[str, str]:
    """Return the posted ways in which columns deal with what is stored already."""
    return {
        code: policy
        for code in REPLACEABLE
        if (policy := data.get(f"policy_{code}")) in POLICIES and policy
    }


def targets_of(data: Any) -> list[str]:
    """Return the posted targets in the order of the columns."""
    chosen: list[str] = []
    while (name := f"column_{len(chosen)}") in data:
        chosen.append(str(data[name]))
    return chosen
