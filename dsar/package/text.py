"""The texts of a package around its rows: what is told beside the data itself.

Art. 15(1)(a)–(h) and (2) ask for more than the data: why it is used, where it came
from, who gets it, how long it stays, and which rights the person has.
"""

from __future__ import annotations

import functools
import html
import json
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext as _, ngettext

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

_STYLE = """
:root { color-scheme: light dark; --line: #c9ced3; --soft: #f3f5f6; --link: #0b5563; }
@media (prefers-color-scheme: dark) { :root { --line: #4a5157; --soft: #23282c; --link: #7fd0de; } }
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 80rem; padding: 1rem; }
a { color: var(--link); }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 2.5rem; }
dl { display: grid; grid-template-columns: minmax(8rem, 14rem) 1fr; gap: .25rem 1rem; }
dt { font-weight: 600; } dd { margin: 0; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 4px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .375rem .625rem; border-bottom: 1px solid var(--line); overflow-wrap: break-word; max-width: 40rem; }
td { white-space: pre-wrap; } th { background: var(--soft); } th small { font-weight: 400; }
caption { text-align: left; padding: .5rem .625rem; font-weight: 600; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: .5rem; } }
@media print { .scroll { overflow: visible; border: 0; } }
"""


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
        "controller": _controller_facts(),
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
                **_note(column),
            }
            for column in given_columns(entry)
        },
        "withheld_fields": {
            column.name: {
                "meaning": wording.meaning(column),
                "ground": _(column.personal.ground),
            }
            for column in _withheld(entry)
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


def page_start(package: PackageZip) -> str:
    """Return the head of the readable page, its contents and what concerns all data."""
    request = package.request
    title = _("Your personal data")
    found = [(table, count) for table, count in package.contents if count]
    empty = [table for table, count in package.contents if not count]
    listed = "".join(
        f'<li><a href="#{_e(table.entry.label)}">{_e(wording.table_name(table.entry))}</a> ({count})</li>'
        for table, count in found
    )
    rights = "".join(
        f"<dt>{_e(r)}</dt><dd>{_e(text)}</dd>" for r, text in wording.rights()
    )
    made_on = date_format(timezone.localtime(package.made_at), "DATE_FORMAT")
    received_on = date_format(timezone.localtime(request.received_at), "DATE_FORMAT")
    intro = _(
        "This is the personal data that we hold about you, as you asked on %(received)s (request %(number)s). It was collected on %(made)s."
    ) % {"received": received_on, "number": request.number, "made": made_on}
    nothing = ", ".join(wording.table_name(table.entry) for table in empty)
    return (
        f'<!DOCTYPE html>\n<html lang="{_e(get_language() or "en")}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex">'
        f"<title>{_e(title)}</title><style>{_STYLE}</style></head>\n<body><main>"
        f"<h1>{_e(title)}</h1><p>{_e(intro)}</p>{_controller()}"
        f'<nav aria-labelledby="contents"><h2 id="contents">{_e(_("Contents"))}</h2><ul>{listed}</ul></nav>'
        f"<p>{_e(_('We also looked here and found nothing:'))} {_e(nothing)}</p>"
        f"<h2>{_e(_('Your rights'))}</h2><dl>{rights}</dl>"
        f"<p>{_e(wording.automated_decisions())}</p><p>{_e(wording.transfers())}</p>"
        f"{_withheld_in_all(package)}{_missing_files(package)}\n"
    )


def section_start(table: Table) -> str:
    """Return the beginning of a table of the readable page."""
    return _section_start(table.entry.label, get_language() or "en")


@functools.lru_cache(maxsize=500)
def _section_start(label: str, language: str) -> str:
    entry = graph()[label]
    told = wording.particulars(entry)
    facts = [
        (_("Why we use it"), f"{told.purpose} ({told.basis})"),
        (_("Where it came from"), told.source),
        (
            _("Who else gets it"),
            "; ".join(told.recipients) or _("nobody outside our organisation"),
        ),
        (_("How long we keep it"), told.retention),
    ]
    name = wording.table_name(entry)
    listed = "".join(f"<dt>{_e(term)}</dt><dd>{_e(text)}</dd>" for term, text in facts)
    heads = "".join(
        f'<th scope="col">{_e(wording.meaning(column))}{_note_html(column)}</th>'
        for column in given_columns(entry)
    )
    return (
        f'<section><h2 id="{_e(label)}">{_e(name)}</h2><dl>{listed}</dl>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_e(name)}">'
        f"<table><caption>{_e(name)}</caption><thead><tr>{heads}</tr></thead><tbody>\n"
    )


def section_end(table: Table) -> str:
    """Return the end of a table, with what of it is withheld and why."""
    withheld = [
        _("%(what)s: withheld, %(ground)s")
        % {"what": wording.meaning(column), "ground": _(column.personal.ground)}
        for column in _withheld(table.entry)
    ]
    listed = "".join(
        f"<li>{_e(line)}</li>" for line in [*withheld, *_values_withheld(table)]
    )
    notes = f"<h3>{_e(_('Withheld'))}</h3><ul>{listed}</ul>" if listed else ""
    return f"\n</tbody></table></div>{notes}</section>\n"


def page_end() -> str:
    """Return the end of the readable page."""
    return "</main></body></html>\n"


def readme(package: PackageZip) -> str:
    """Return the note beside the files."""
    return "\n".join(
        [
            _("Your personal data, request %(number)s")
            % {"number": package.request.number},
            "",
            _("index.html: all of it to read, in any web browser."),
            _("data.json: the same for other systems to read."),
            _(
                "files: recordings and other files, named by the number of their record."
            ),
            "",
            _("Keep these files where nobody else can read them."),
            "",
        ]
    )


def _withheld(entry: Entry) -> list[Column]:
    return [c for c in columns_of(entry) if c.rule is Rule.WITHHELD]


def _codes(entry: Entry, column: Column) -> dict[str, Any]:
    words = wording.words_of(entry, column)
    return {"values": dict(words)} if words else {}


def _note(column: Column) -> dict[str, str]:
    """Return what an empty reference to another record says, where that is known."""
    text = str(column.field.help_text)
    return {"note": text} if column.field.is_relation and text else {}


def _note_html(column: Column) -> str:
    return "".join(f"<br><small>{_e(text)}</small>" for text in _note(column).values())


def _values_withheld(table: Table) -> list[str]:
    return [
        ngettext(
            "%(what)s: %(count)s value withheld, %(ground)s",
            "%(what)s: %(count)s values withheld, %(ground)s",
            count,
        )
        % {
            "what": wording.meaning(column),
            "count": count,
            "ground": Finding.Ground(ground).label,
        }
        for column, ground, count in table.withheld_values()
    ]


def _withheld_in_all(package: PackageZip) -> str:
    """Return what is withheld of tables of which no row is given."""
    lines = [
        f"{wording.table_name(table.entry)}: {line}"
        for table, count in package.contents
        if not count
        for line in _values_withheld(table)
    ]
    if not lines:
        return ""
    listed = "".join(f"<li>{_e(line)}</li>" for line in lines)
    return f"<h2>{_e(_('Withheld'))}</h2><ul>{listed}</ul>"


def _missing_files(package: PackageZip) -> str:
    count = package.missing_files
    if not count:
        return ""
    text = ngettext(
        "%(count)s file could not be read and is not included; please contact us.",
        "%(count)s files could not be read and are not included; please contact us.",
        count,
    )
    return f"<p>{_e(text % {'count': count})}</p>"


def _controller_facts() -> dict[str, str]:
    found = controller.current()
    names = ("name", "business_id", "address", "dpo_email", "dpo_address")
    return {name: getattr(found, name) for name in names}


def _controller() -> str:
    told = _controller_facts()

    def in_one(*names: str) -> str:
        return ", ".join(told[name] for name in names if told[name])

    facts = [
        (_("Controller"), in_one("name", "business_id", "address")),
        (_("Data protection officer"), in_one("dpo_email", "dpo_address")),
    ]
    listed = "".join(
        f"<dt>{_e(term)}</dt><dd>{_e(text)}</dd>" for term, text in facts if text
    )
    return f"<dl>{listed}</dl>" if listed else ""


def _e(text: object) -> str:
    return html.escape(str(text))
