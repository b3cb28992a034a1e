"""What the readable page and the note beside it tell, the same as the data for machines."""

from __future__ import annotations

import functools
import html
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext as _, ngettext

from dsar import wording
from dsar.models import Finding
from dsar.package.data_text import controller_facts, note, withheld_columns
from dsar.package.tables import Table
from dsar.verdicts import Column, given_columns
from register.datamap.graph import graph

if TYPE_CHECKING:
    from dsar.package.archive import PackageZip
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
        for column in withheld_columns(table.entry)
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


def _note_html(column: Column) -> str:
    return "".join(f"<br><small>{_e(text)}</small>" for text in note(column).values())


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


def _controller() -> str:
    told = controller_facts()

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
