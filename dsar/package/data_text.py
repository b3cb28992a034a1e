"""What ``data.json`` tells beside the rows.

Art. 15(1)(a)–(h) and (2) ask for more than the data: why it is used, where it came
from, who gets it, how long it stays, and which rights the person has.
"""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

from django.utils.translation import get_language, gettext as _

from dsar import wording
from dsar.models import Finding
from dsar.package.rows import STATE_KEY
from dsar.package.tables import Table
from dsar.verdicts import Column, Rule, columns_of, given_columns
from register.datamap.graph import Entry, graph
from register.services import controller

if TYPE_CHECKING:
    from dsar.package.archive import PackageZip

FORMAT = "seloste-access-package/1"


def data_head(package: PackageZip) -> dict[str, Any]:
    """Return what stands in ``data.json`` before the tables."""
    request = package.request
    return {
        "format": FORMAT,
        "revision": graph().revision,
        "made_at": package.made_at.isoformat(),
        "language": request.language,
        "request": {
            "number": request.number,
            "received_at": request.received_at.isoformat(),
        },
        "controller": controller_facts(),
        "rights": [{"right": right, "text": text} for right, text in wording.rights()],
        "automated_decisions": wording.automated_decisions(),
        "transfers": wording.transfers(),
        "state_of_a_value": {
            STATE_KEY: _(
                "Says of a field of the row that parts of it were removed (“redacted”), or that it is withheld and on which ground."
            )
        },
    }


def table_head(table: Table) -> str:
    """Return what stands in ``data.json`` before the rows of a table, as an object."""
    language = get_language() or "en"
    return _table_head(table.entry.label, language, is_empty=not table.size)


# The same for everybody, and most of the work of a small package.
@functools.lru_cache(maxsize=500)
def _table_head(label: str, language: str, *, is_empty: bool) -> str:
    entry = graph()[label]
    head: dict[str, Any] = {"table": label, "name": wording.table_name(entry)}
    if not is_empty:
        head |= _particulars(entry)
    return json.dumps(head, ensure_ascii=False)


def _particulars(entry: Entry) -> dict[str, Any]:
    told = wording.particulars(entry)
    return {
        "category": told.category,
        "purpose": told.purpose,
        "legal_basis": told.basis,
        "source": told.source,
        "recipients": list(told.recipients),
        "retention": told.retention,
        "fields": {
            column.name: {
                "meaning": wording.meaning(column),
                "origin": wording.origin(column.personal.portability),
                **_codes(entry, column),
                **note(column),
            }
            for column in given_columns(entry)
        },
        "withheld_fields": {
            column.name: {
                "meaning": wording.meaning(column),
                "ground": _(column.personal.ground),
            }
            for column in withheld_columns(entry)
        },
    }


def table_tail(table: Table, count: int) -> dict[str, Any]:
    """Return what stands in ``data.json`` after the rows of a table."""
    return {
        "row_count": count,
        "withheld_values": [
            {
                "field": column.name,
                "meaning": wording.meaning(column),
                "ground": str(Finding.Ground(ground).label),
                "count": number,
            }
            for column, ground, number in table.withheld_values()
        ],
    }


def withheld_columns(entry: Entry) -> list[Column]:
    """Return the columns that nobody is given."""
    return [c for c in columns_of(entry) if c.rule is Rule.WITHHELD]


def _codes(entry: Entry, column: Column) -> dict[str, Any]:
    words = wording.words_of(entry, column)
    return {"values": dict(words)} if words else {}


def note(column: Column) -> dict[str, str]:
    """Return what an empty reference to another record says, where that is known."""
    text = str(column.field.help_text)
    return {"note": text} if column.field.is_relation and text else {}


def controller_facts() -> dict[str, str]:
    """Return who answers for the data, by stable names."""
    found = controller.current()
    names = ("name", "business_id", "address", "dpo_email", "dpo_address")
    return {name: getattr(found, name) for name in names}
