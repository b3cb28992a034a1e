"""What is wrong with a file or a row, in words."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _now, gettext_lazy as _

from contacts.services.imports.layouts import MOST_COLUMNS
from register.identifiers.wording import SENTENCES

OF_FILES: dict[str, str | Promise] = {
    "empty": _("The file is empty."),
    "empty_sheet": _("No sheet of the workbook holds anything, or not the chosen one."),
    "no_rows": _("The file has a header but no rows below it."),
    "no_sheet": _("The workbook has no sheet of cells that could be read."),
    "not_text": _(
        "This is neither a CSV file nor an Excel workbook. Save the list as one of them and send that file."
    ),
    "markup": _(
        "This is a web page or XML, whatever its name says. Open it in your spreadsheet program, save it as an Excel workbook (.xlsx) or CSV and send that file."
    ),
    "json": _(
        "This is JSON, not a table. Save the list as an Excel workbook (.xlsx) or CSV and send that file."
    ),
    "workbook_xls": _(
        "This is a workbook in the old Excel format (.xls). Open it in your spreadsheet program, save it as .xlsx and send that file."
    ),
    "workbook_binary": _(
        "This is a workbook in Excel's binary format (.xlsb). Save it as .xlsx and send that file."
    ),
    "workbook_ods": _(
        "This is an OpenDocument file (.ods). Save it as .xlsx or CSV and send that file."
    ),
    "workbook_numbers": _(
        "This is a file of Apple Numbers. Export it as an Excel workbook (.xlsx) or CSV and send that file."
    ),
    "document": _(
        "This is a text document, not a table. Save the list as .xlsx or CSV and send that file."
    ),
    "archive": _(
        "This is a zip archive. Unpack it and send the CSV file or workbook that is in it."
    ),
    "encrypted": _(
        "The workbook is protected by a password. Save it without the password and send that file."
    ),
    "workbook_damaged": _(
        "The workbook is damaged and cannot be read. Open it in your spreadsheet program, save it anew and send that file."
    ),
    "workbook_too_large": _(
        "The workbook holds too much to be read. Save the sheet as CSV and send that file."
    ),
    "bomb": _(
        "The workbook would swell to many times its size when opened, so it is not opened. Save the sheet as CSV and send that file."
    ),
    "nul": _(
        "The file holds NUL characters, so it is damaged or not a text file. Save the list again as CSV or an Excel workbook and send that file."
    ),
    "encoding": _(
        "The characters of the file cannot be read in this encoding. Choose another one, or save the list as CSV (UTF-8)."
    ),
    "quotes": _(
        "A quotation mark is opened and never closed, so that the rest of the file would be one cell. Correct the file and send it again."
    ),
    "cell_too_long": _(
        "A cell is longer than 100,000 characters: this is no list of people, or a quotation mark is not closed. Correct the file and send it again."
    ),
    "line_too_long": _(
        "A line of the file is longer than a million characters, so this is no list of people. Save the list again and send that file."
    ),
    "columns": format_lazy(
        _(
            "The file has more than {most} columns. Remove those that are not imported and send it again."
        ),
        most=MOST_COLUMNS,
    ),
    "no_cards": _("The file holds no card that begins and ends."),
    "card_too_long": _(
        "A card of the file is longer than any person's, so something is wrong with it. Export the cards again and send that file."
    ),
    "file_gone": _("The file has been deleted meanwhile. Send it again."),
}

# What is told although the file can be read.
NOTICES: dict[str, str | Promise] = {
    "no_header": _(
        "No row with names of columns was found, so the columns were guessed from their cells. If there is one, say below in which row it stands."
    ),
    "header_further_down": _(
        "The names of the columns do not stand in the first row. What stands above them is not imported."
    ),
    "not_computed": _(
        "Some cells hold formulas whose results are not stored. Open the file in your spreadsheet program and save it, so that they can be read."
    ),
    "torn_cards": _(
        "Some cards cannot be read. They stay out, and the others can be imported."
    ),
    "is_cards": _(
        "The file is not named like one, but it holds contact cards (vCard) and is read as such."
    ),
    "is_workbook": _(
        "The file is named like a CSV file, but it is an Excel workbook and is read as one."
    ),
    "is_text": _(
        "The file is named like a workbook, but it is a text file and is read as CSV."
    ),
}

# Why a column is known and not taken.
OF_COLUMNS: dict[str, str | Promise] = {
    "": _("Not known to the register."),
    "double": _("Not taken: another column is imported as this already."),
    "permission": _(
        "Not taken: a file can refuse, but not permit. A permission needs its own evidence."
    ),
    "technical": _("Not taken: it belongs to the other system."),
    "activity": _("Not taken: the register has no place for it."),
    "notes": _("Not taken: free text about people has no place in an import."),
    "tags": _("Not taken: groups and tags have no place in an import yet."),
    "owner": _("Not taken: who serves a contact is decided here."),
    "private": _("Not taken: the register has no purpose for it."),
    "own": _("Added by the register when it sent these rows back."),
}

OF_ROWS: dict[str, str | Promise] = {
    **SENTENCES,
    "card_unreadable": _(
        "This card is torn off or its characters cannot be read. Export it again from where it comes from."
    ),
    "column_count": _(
        "The row has more cells than the header, or lacks the cell that says whether marketing is refused."
    ),
    "no_way_to_reach": _(
        "The row has neither an e-mail address nor a telephone number, so the person could not be recognised again."
    ),
    "too_long": _("The text is too long."),
    "personal_identity_code": _(
        "This holds a personal identity code. Remove it: the register has no purpose for it."
    ),
    "number_rounded": _(
        "The spreadsheet program has rounded this number. Format the column as text, write the whole number and save the file again."
    ),
    "spreadsheet_error": _(
        "The spreadsheet shows an error here instead of a value, or has not computed it."
    ),
    "not_a_time": _("This is neither a time nor yes or no."),
    "relationship_unknown": _("The relationship is not customer, prospect or other."),
    "record_number_unreadable": _("This is no number of a record of this register."),
    "record_number_unknown": _("The register has no record of this number."),
    "key_missing": _(
        "The row lacks what people are recognised by, so it could meet the wrong person."
    ),
    # The same whoever it is: more would tell of a person whom the reader may not see.
    "not_taken": _(
        "You may not bring in this row. Ask a colleague who is responsible for all customers, or a data protection officer."
    ),
    "known_already": _("The register has this person, and only new people are added."),
    "not_known": _(
        "The register does not have this person, and only known people are updated."
    ),
    "value_kept": _(
        "A value was kept, because the person or staff entered it, or because it is newer than the file."
    ),
    "said_twice": _(
        "An earlier row of the file gave this person another value, and that one counts."
    ),
    "external_id_kept": _(
        "The contact has another number in the other system, and that one was kept."
    ),
    "language_unknown": _("The language is not Finnish, Swedish or English."),
    "yes_or_no": _("This says neither yes nor no."),
    "job_title_alone": _("The role was left out, because the row names no company."),
    "duty_unknown": _(
        "This is no duty that the register knows. Add it to the duties first, or leave the column out."
    ),
    "topic_unknown": _(
        "This is no topic of interest that the register knows. Add it to the topics first, or leave the column out."
    ),
    "colleague_unknown": _("No colleague with this e-mail address can log in."),
    "team_unknown": _("There is no team of this name."),
    "usage_unknown": _("The address is not for work, home, invoicing or other use."),
    "company_kind_unknown": _(
        "The kind is not company, sole trader, consumer or association."
    ),
    "company_status_unknown": _(
        "The status is not prospect, customer, former customer or other."
    ),
    "country_unknown": _("This country is not known. Write its code of two letters."),
    "day_unreadable": _("This is no day. Write it as 31.12.2026 or 2026-12-31."),
    "address_ends_early": _("The address ends before it begins."),
    "company_kept": _(
        "The company is in the register with another kind or status, and that was kept."
    ),
    "other_name_kept": _(
        "The address belongs to a contact of another name, and that name was kept. If these are two people, add the other one by hand."
    ),
    "address_protected": _(
        "The address of this contact is protected, so the address and the company of the row were left out."
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
