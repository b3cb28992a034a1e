"""The rows of an import, kind by kind: what a dry run would do, and what was not undone."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy

from contacts.models import ImportBatch, ImportRow, Situation
from contacts.screens.import_frame import batch_for, page, record_reading
from contacts.services.duplicates.typing import people_like
from contacts.services.imports import (
    alike,
    batches,
    blockers,
    protected_rows,
    reasons,
    review,
    touched,
)
from contacts.services.imports.bad_rows import BOM, Echo, guarded
from contacts.services.imports.change_names import ChangeNames
from contacts.services.imports.rows import RowReader
from register import access, actors, audit
from register.errors import DomainError

Outcome = ImportRow.Outcome
PER_PAGE = 50
MOST_ALIKE = 3
KINDS: dict[str, tuple[Any, Q]] = {
    "new": (gettext_lazy("New people"), Q(outcome=Outcome.NEW)),
    "updated": (gettext_lazy("Changed"), Q(outcome=Outcome.UPDATED)),
    "unchanged": (gettext_lazy("Nothing new"), Q(outcome=Outcome.UNCHANGED)),
    "marked": (gettext_lazy("To be considered"), ~Q(marks=[])),
    "blocked": (gettext_lazy("May not be brought in"), Q(outcome=Outcome.BLOCKED)),
    "outside": (gettext_lazy("Left out by the choice"), Q(outcome=Outcome.OUTSIDE)),
    "invalid": (gettext_lazy("With errors"), Q(outcome=Outcome.INVALID)),
    "removed": (gettext_lazy("Taken out by hand"), Q(is_removed=True)),
    "kept": (gettext_lazy("Not undone"), ~Q(kept_because="")),
}
MARKS = {"duplicate": gettext_lazy("Somebody else has an address of this row")}


def show(request: HttpRequest, object_id: str) -> HttpResponse:
    """List the rows of one kind; POST takes some of them out, or all, or puts them back."""
    batch = batch_for(request, object_id)
    counts = {code: _rows(batch, code).count() for code in KINDS}
    # Whoever comes without a choice begins with the first rows that there are.
    first = next((code for code, count in counts.items() if count), "new")
    kind = request.GET.get("kind", first)
    kind = kind if kind in KINDS else first
    if request.method == "POST":
        return _take_out(request, batch, kind)
    record_reading(request, batch)
    found = Paginator(_rows(batch, kind), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Rows of an import"),
        "batch": batch,
        "kind": kind,
        "kind_name": KINDS[kind][0],
        "kinds": [(code, name, counts[code]) for code, (name, _which) in KINDS.items()],
        "page": found,
        "lines": [
            _with_alike(batch, line) for line in lines_of(batch, found.object_list)
        ],
        "may_take_out": batch.state == ImportBatch.State.CHECKED
        and batches.may_import(request.user)
        and kind in ("new", "updated", "marked", "removed"),
    }
    return page(request, "contacts/import_rows.html", context)


def download(request: HttpRequest, object_id: str) -> StreamingHttpResponse:
    """Send the difference as CSV."""
    batch = batch_for(request, object_id)
    if not batches.may_import(request.user):
        raise PermissionDenied
    audit.record(
        "import.difference_downloaded",
        actor=actors.of_request(request),
        obj=batch,
        count=batch.rows.count(),
    )
    return StreamingHttpResponse(
        access.streamed_as(request.user, _csv(batch)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="difference.csv"'},
    )


def _take_out(request: HttpRequest, batch: ImportBatch, kind: str) -> HttpResponse:
    if not batches.may_import(request.user):
        raise PermissionDenied
    back = request.POST.get("action") == "put_back"
    rows = _rows(batch, kind)
    if "all" not in request.POST:
        keys = [key for key in request.POST.getlist("row") if key.isdecimal()][:1_000]
        rows = rows.filter(pk__in=[int(key) for key in keys if len(key) < 19])
    try:
        count = review.take_out(
            batch, rows, is_removed=not back, actor=actors.of_request(request)
        )
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Rows changed: %(count)d.") % {"count": count})
    address = reverse("admin:contacts_importbatch_rows", args=[batch.pk])
    return redirect(f"{address}?kind={kind}")


def _rows(batch: ImportBatch, kind: str) -> QuerySet[ImportRow]:
    return batch.rows.filter(KINDS[kind][1]).order_by("row_number")


def lines_of(batch: ImportBatch, rows: Iterable[ImportRow]) -> Iterator[dict[str, Any]]:
    """Yield what a person reads about each row."""
    rows = list(protected_rows.hidden(batch, rows))
    changes: dict[int, list[dict[str, str]]] = {}
    found = list(batch.changes.filter(row__in=rows).order_by("id"))
    names = ChangeNames(found)
    for change in found:
        changes.setdefault(change.row_id or 0, []).append(
            {
                "field": change.get_field_display(),
                "old": names.in_words(change, change.old),
                "new": names.in_words(change, change.new),
                "undone": change.get_undone_display() if change.undone else "",
            }
        )
    for row in rows:
        yield {
            "id": row.pk,
            "number": row.row_number,
            "outcome": row.get_outcome_display(),
            "is_removed": row.is_removed,
            "contact": row.contact_id,
            "row": row,
            "cells": [
                cell
                for cell, code in zip(row.cells, batch.targets, strict=False)
                if code and cell.strip()
            ],
            "changes": changes.get(row.pk, []),
            "marks": [_mark(code) for code in row.marks],
            "why": [
                ": ".join(part for part in reasons.of_row(stored, batch.header) if part)
                for stored in row.errors
            ]
            + ([str(touched.KEPT[row.kept_because])] if row.kept_because else [])
            + (
                [_("It adds to the person of an earlier row of this file.")]
                if _adds_to_earlier_row(row, changes)
                else []
            ),
        }


def _adds_to_earlier_row(row: ImportRow, changes: Mapping[int, Any]) -> bool:
    """Whether a row changes nobody whom the register had: then it has no changes."""
    return row.outcome == Outcome.UPDATED and row.pk not in changes


def _with_alike(batch: ImportBatch, line: dict[str, Any]) -> dict[str, Any]:
    """Add who of those the reader may see is like the person of a marked row.

    Where the reader may see nobody, the mark is left out: it would tell of others.
    """
    row: ImportRow = line["row"]
    marks = [mark for mark in row.marks if mark.startswith(alike.MARK)]
    if not marks:
        return line
    person = RowReader(batch.targets).read(row.pk, row.cells)
    found = people_like(
        alike.facts_of(person), situation=Situation.TYPING, most=MOST_ALIKE
    )
    others = [_mark(mark) for mark in row.marks if mark not in marks]
    names = [
        (each.record.pk, access.as_seen_now(each.record).full_name) for each in found
    ]
    shown = line["marks"] if names else others
    return {**line, "marks": shown, "alike": names}


def _mark(code: str) -> str:
    if code.startswith(alike.MARK):
        return _("Perhaps in the register already: %(points)s points") % {
            "points": code.removeprefix(alike.MARK)
        }
    blocker = blockers.BLOCKERS.get(code)
    return str(blocker.label if blocker else MARKS.get(code, code))


def _csv(batch: ImportBatch) -> Iterator[bytes]:
    writer = csv.writer(Echo(), delimiter=";")
    yield BOM.encode()
    names = [_("Row"), _("Outcome"), _("In the file"), _("Changes"), _("Remarks")]
    yield writer.writerow(names).encode()
    last = 0
    while rows := list(
        batch.rows.filter(row_number__gt=last).order_by("row_number")[:1_000]
    ):
        last = rows[-1].row_number
        for line in lines_of(batch, rows):
            changes = [
                f"{c['field']}: {c['old']} → {c['new']}" for c in line["changes"]
            ]
            cells = [
                *(str(line["number"]), str(line["outcome"]), " | ".join(line["cells"])),
                *("; ".join(changes), "; ".join([*line["marks"], *line["why"]])),
            ]
            yield writer.writerow(guarded(cells)).encode()
