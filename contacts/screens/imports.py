"""The screens of an import after the upload: adjust, try, run, see the errors."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from contacts.forms_import_terms import in_words
from contacts.import_links import links_of
from contacts.models import ImportBatch, ImportRow, ImportSource
from contacts.screens import import_preview
from contacts.screens.import_figures import figures
from contacts.screens.import_frame import batch_for, page, record_reading, url_of
from contacts.services.imports import (
    bad_rows,
    batches,
    blockers,
    protected_rows,
    reasons,
    sources,
    staging,
    undo,
)
from register import access, actors, audit
from register.errors import DomainError
from register.models import Job
from register.screens import jobs as progress

State = ImportBatch.State
ADJUSTABLE = (State.UPLOADED, State.STAGED, State.CHECKED)
MOST_PROBLEMS = 20
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ERRORS_PER_PAGE = 50
LONGEST_EXAMPLE = 60


def show(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show where an import stands; POST takes it a step further."""
    batch = batch_for(request, object_id)
    if request.method == "POST":
        if not batches.may_import(request.user):
            raise PermissionDenied
        return _act(request, batch)
    record_reading(request, batch)
    return page(request, "contacts/import_show.html", _context(request, batch))


def _act(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    actor = actors.of_request(request)
    action = request.POST.get("action", "")
    try:
        if action == "preview":
            return _show_preview(request, batch)
        if action == "try":
            return _try_out(request, batch)
        if action == "discard":
            batches.discard(batch, actor=actor)
            messages.success(
                request, _("The file was discarded. Nothing of it is left.")
            )
            return redirect("admin:contacts_importbatch_changelist")
        if action.startswith("use-source-"):
            _use_source(request, batch, action.removeprefix("use-source-"))
        if action == "save_source":
            name = request.POST.get("source_name", "")
            source = sources.save(batch, name=name, actor=actor)
            messages.success(
                request,
                _("Saved as %(name)s. It is offered for the next file.")
                % {"name": source.name},
            )
        if action == "undo":
            _undo(request, batch)
        if action == "start":
            batches.start(batch, actor=actor)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(url_of(batch))


def _use_source(request: HttpRequest, batch: ImportBatch, key: str) -> None:
    found = ImportSource.objects.filter(pk=key if _is_key(key) else 0).first()
    if found is None:
        raise DomainError("source_gone", _("This saved source is gone."))
    sources.use(batch, found, actor=actors.of_request(request))


def _undo(request: HttpRequest, batch: ImportBatch) -> None:
    # Nothing brings back whom it removes: the file is gone.
    if not request.POST.get("sure"):
        raise DomainError("not_sure", _("Tick that these people and values are to go."))
    undo.order(batch, actor=actors.of_request(request))


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 19


def _show_preview(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    """Show the file as it would be read with what is chosen so far; keep nothing."""
    if batch.state not in ADJUSTABLE:
        return redirect(url_of(batch))
    record_reading(request, batch)
    wizard = import_preview.of_post(batch, request.POST, user=request.user)
    if request.headers.get("HX-Request"):
        context = {"batch": batch, "wizard": wizard, "may_import": True}
        return TemplateResponse(request, "contacts/import_preview.html", context)
    context = _context(request, batch, wizard)
    return page(request, "contacts/import_show.html", context)


def _try_out(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    wizard = import_preview.of_post(batch, request.POST, user=request.user)
    terms = import_preview.chosen_terms(wizard)
    if terms is None:
        wizard.error = str(_("Mend what is marked above."))
    elif wizard.problem is None and wizard.columns is not None:
        try:
            batches.try_out(
                batch,
                targets=wizard.columns.preview.targets,
                layout=wizard.columns.preview.layout,
                terms=terms,
                actor=actors.of_request(request),
            )
        except DomainError as error:
            wizard.error = str(error)
        else:
            return redirect(url_of(batch))
    context = _context(request, batch, wizard)
    return page(request, "contacts/import_show.html", context)


def errors(request: HttpRequest, object_id: str) -> HttpResponse:
    """List what is wrong with which row, page by page."""
    batch = batch_for(request, object_id)
    record_reading(request, batch)
    shown = Paginator(batches.with_remarks(batch), ERRORS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    lines = [
        {
            "number": row.row_number,
            "is_invalid": row.outcome == ImportRow.Outcome.INVALID,
            "problems": [_problem(row, stored, batch.header) for stored in row.errors],
        }
        for row in protected_rows.hidden(batch, shown.object_list)
    ]
    context = {
        "title": _("Errors of an import"),
        "batch": batch,
        "page": shown,
        "lines": lines,
        "may_import": batches.may_import(request.user),
    }
    return page(request, "contacts/import_errors.html", context)


def download(request: HttpRequest, object_id: str) -> StreamingHttpResponse:
    """Send the rows that were not imported, to be corrected and sent again."""
    batch = batch_for(request, object_id)
    if not batches.may_import(request.user):
        raise PermissionDenied
    count = batch.rows.filter(outcome=ImportRow.Outcome.INVALID).count()
    audit.record(
        "import.bad_rows_downloaded",
        actor=actors.of_request(request),
        obj=batch,
        count=count,
    )
    is_workbook = batch.kind == ImportBatch.Kind.XLSX
    content_type = WORKBOOK if is_workbook else "text/csv; charset=utf-8"
    name = f"rows-with-errors.{'xlsx' if is_workbook else 'csv'}"
    return StreamingHttpResponse(
        access.streamed_as(
            request.user,
            bad_rows.xlsx_file(batch) if is_workbook else bad_rows.csv_file(batch),
        ),
        content_type=content_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _context(
    request: HttpRequest,
    batch: ImportBatch,
    wizard: import_preview.Wizard | None = None,
) -> dict[str, Any]:
    job = batches.job_of(batch)
    is_working = job is not None and not job.is_over
    counts = {} if is_working else _counts(batch, job)
    may_import = batches.may_import(request.user)
    wants_columns = batch.state in (State.UPLOADED, State.STAGED) or (
        batch.state == State.CHECKED and "columns" in request.GET
    )
    if wizard is None and wants_columns and may_import and not is_working:
        wizard = import_preview.of_batch(batch, user=request.user)
    has_remarks = not is_working and batches.with_remarks(batch).exists()
    return {
        "title": access.as_seen_now(batch).title or _("Import"),
        "batch": batch,
        "kept_file": staging.originals_of(batch).first(),
        "step": _step(batch, is_working=is_working, asks=wizard is not None),
        "is_working": is_working,
        "has_broken_off": job is not None and job.state == Job.State.FAILED,
        "figures": figures(counts, State(batch.state)),
        "undo_until": undo.possible_until(batch)
        if may_import and undo.can_be_undone(batch)
        else None,
        "row_errors": counts.get(str(ImportRow.Outcome.INVALID), 0),
        "has_rows": batch.rows.exists(),
        "has_remarks": has_remarks,
        "summary": _summary(batch) if has_remarks else [],
        "reason": reasons.of_file(batch.error_code) if batch.error_code else "",
        "lacks_basis": batches.lacks_basis(batch),
        "knows_all_erased": blockers.know_all_erased(),
        "basis": in_words(batch.activity),
        "same_file": batches.same_file(batch),
        "wizard": wizard if may_import and not is_working else None,
        "may_import": may_import,
        "may_save_source": may_import
        and any(batch.targets)
        and batch.state in (State.CHECKED, State.DONE),
        "links": links_of(batch, user=request.user),
        **(progress.progress_context(job) if job is not None else {}),
    }


def _summary(batch: ImportBatch) -> list[dict[str, Any]]:
    """Say how many rows have which problem in which column, most first."""
    lines = []
    for stored, is_invalid, count in batches.remark_counts(batch)[:MOST_PROBLEMS]:
        column, sentence = reasons.of_row(stored, batch.header)
        lines.append(
            {
                "column": column,
                "sentence": sentence,
                "count": count,
                "is_invalid": is_invalid,
            }
        )
    return lines


def _counts(batch: ImportBatch, job: Job | None) -> dict[str, int]:
    """The numbers of the last run; they are kept longer than the rows."""
    if batch.state == State.UNDONE:
        return undo.counts_of(batch)
    if batch.state not in (State.CHECKED, State.DONE) or job is None:
        return {}
    counts: dict[str, int] = job.result.get("counts", {})
    return counts


def _step(batch: ImportBatch, *, is_working: bool, asks: bool) -> int:
    if is_working and batch.state in ADJUSTABLE:
        return 3  # the dry run; its rows are read with it
    if asks:
        return 2  # the columns, also those of a file that was tried already
    return {
        State.UPLOADED: 2,
        State.FAILED: 1,
        State.STAGED: 2,
        State.CHECKED: 3,
        State.RUNNING: 4,
        State.DONE: 4,
        State.UNDOING: 4,
        State.UNDONE: 4,
    }[State(batch.state)]


def _problem(row: ImportRow, stored: str, header: list[str]) -> dict[str, str]:
    column, sentence = reasons.of_row(stored, header)
    index = stored.partition(":")[2]
    cell = row.cells[int(index)] if index and int(index) < len(row.cells) else ""
    return {"column": column, "sentence": sentence, "cell": cell[:LONGEST_EXAMPLE]}


def _where_to_go_on(job: Job) -> str:
    return url_of(job.object_id)


for _kind in batches.KINDS:
    progress.register_destination(_kind, _where_to_go_on)
