"""What is wrong with a file or a row, in words."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.translation import gettext as _now, gettext_lazy as _

from contacts import normal_forms

OF_FILES: dict[str, Promise] = {
    "empty": _("The file is empty."),
    "no_rows": _("The file has a header but no rows below it."),
    "no_header": _(
        "The first row holds an address instead of names of columns. Add a row of names at the top and send the file again."
    ),
    "not_text": _("This is not a text file. Save the list as CSV and send that file."),
    "workbook": _(
        "This is a workbook, not a CSV file. Open it in your spreadsheet program, save it as CSV (UTF-8) and send that file."
    ),
    "not_csv": _(
        "This is not a CSV file. Save the list as CSV, with names of columns in its first row, and send that file."
    ),
    "nul": _(
        "The file holds NUL characters, so it is damaged or not a text file. Save the list as CSV again and send that file."
    ),
    "encoding": _(
        "The characters of the file cannot be read. Save the list as CSV (UTF-8) and send that file."
    ),
    "quotes": _(
        "A cell is longer than 130,000 characters: probably a quotation mark is not closed. Correct the file and send it again."
    ),
    "columns": _(
        "The file has more than 100 columns. Remove those that are not imported and send it again."
    ),
}

OF_ROWS: dict[str, str | Promise] = {
    **normal_forms.SENTENCES,
    "column_count": _("The row has more or fewer cells than the header."),
    "no_way_to_reach": _(
        "The row has neither an e-mail address nor a telephone number, so the person could not be recognised again."
    ),
    "too_long": _("The text is too long."),
    "personal_identity_code": _(
        "This holds a personal identity code. Remove it: the register has no purpose for it."
    ),
    "language_unknown": _("The language is not Finnish, Swedish or English."),
    "yes_or_no": _("This says neither yes nor no."),
    "job_title_alone": _(
        "The job title was left out, because the row names no company."
    ),
    "other_name_kept": _(
        "The address belongs to a contact of another name, and that name was kept. If these are two people, add the other one by hand."
    ),
    "company_name_missing": _(
        "No company with this business id is known, and the row does not name it."
    ),
}


def of_file(code: str) -> str | Promise:
    """Return why a file was refused."""
    return OF_FILES.get(code, _("The file cannot be read."))


def of_row(stored: str, header: Sequence[str]) -> tuple[str, str]:
    """Return the column and the sentence of an error as it is stored in a row."""
    code, _colon, index = stored.partition(":")
    sentence = str(OF_ROWS.get(code, _("This cannot be imported.")))
    return (column_name(int(index), header) if index else ""), sentence


def column_name(index: int, header: Sequence[str]) -> str:
    """Return the name of a column; one without a name has a number."""
    name = header[index] if index < len(header) else ""
    return name or _now("Column %(number)d") % {"number": index + 1}
