"""SQL of single cells: how a value is shown, and what a record of another table is called."""

from __future__ import annotations

import html

from django.utils.translation import get_language, gettext as _
from psycopg.sql import quote

from dsar.verdicts import given_columns
from register.datamap.declarations import SELF
from register.datamap.graph import Entry, graph, kept_with_map
from register.datamap.vocabulary import Identifier
from register.periods import HELSINKI

# Fields by which a record of another table is named, if it has one of them.
_TITLES = ("name", "title")
# How PostgreSQL writes times in each language.
_DATES = {"fi": "FMDD.FMMM.YYYY", "sv": "YYYY-MM-DD", "en": "YYYY-MM-DD"}


def escaped(text: str) -> str:
    """Return SQL that makes text harmless inside an element of the page."""
    return f"replace(replace(replace({text}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"


def html_plain(kind: str, value: str) -> str:
    """Return SQL that shows a value of a kind of field in the reader's language."""
    date = _DATES.get((get_language() or "en")[:2], _DATES["en"])
    match kind:
        case "DateTimeField":
            return f"to_char({value} AT TIME ZONE '{HELSINKI.key}', '{date} HH24:MI')"
        case "DateField":
            return f"to_char({value}, '{date}')"
        case "BooleanField":
            yes, no = quote(html.escape(_("yes"))), quote(html.escape(_("no")))
            return f"CASE WHEN {value} THEN {yes} WHEN NOT {value} THEN {no} END"
        case "ArrayField":
            return escaped(f"array_to_string({value}, E'\\n')")
        case "CharField" | "TextField" | "EmailField" | "SlugField" | "URLField":
            return escaped(value)
    return escaped(f"{value}::text")


def is_direct(target: Entry, path: str) -> bool:
    """Whether a row of the table is a person's by its own foreign key."""
    if not path or path == SELF or "__" in path:
        return path == SELF
    return bool(target.model._meta.get_field(path).concrete)


@kept_with_map
def _title_column(label: str) -> str:
    entry = graph()[label]
    for column in given_columns(entry):
        is_name = Identifier.NAME in column.personal.identifies
        if column.name in _TITLES and not column.is_reviewed and not is_name:
            return str(column.field.column)
    return ""


def title_of(target: Entry) -> str:
    """Return the quoted column by which a record may be named, "" if it has none."""
    name = _title_column(target.label)
    return f'"{name}"' if name else ""
