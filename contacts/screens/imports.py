"""The screens of an import: send a file, choose its columns, try it, run it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadhandler import FileUploadHandler
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _, ngettext_lazy
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from contacts.forms_imports import ColumnsForm, UploadForm
from contacts.models import ImportBatch, ImportRow
from contacts.screens.uploads import NamelessUpload
from contacts.services.imports import bad_rows, batches, reasons
from register import access, actors, audit, files
from register.datamap.vocabulary import Action, Category
from register.errors import DomainError
from register.models import Job
from register.screens import jobs as progress

State = ImportBatch.State
EXAMPLES = 3
ERRORS_PER_PAGE = 50
LONGEST_EXAMPLE = 60
TRIED = {
    "new": ngettext_lazy("row makes a new contact", "rows make a new contact", "count"),
    "updated": ngettext_lazy("row adds to a contact", "rows add to a contact", "count"),
    "unchanged": ngettext_lazy(
        "row holds nothing new", "rows hold nothing new", "count"
    ),
    "invalid": ngettext_lazy(
        "row has an error and stays out", "rows have an error and stay out", "count"
    ),
}
DONE = {
    "new": ngettext_lazy("new contact", "new contacts", "count"),
    "updated": ngettext_lazy(
        "row added to a contact", "rows added to a contact", "count"
    ),
    "unchanged": ngettext_lazy(
        "row held nothing new", "rows held nothing new", "count"
    ),
    "invalid": ngettext_lazy("row was not imported", "rows were not imported", "count"),
    "refusals": ngettext_lazy(
        "new prohibition of contact", "new prohibitions of contact", "count"
    ),
}


@csrf_exempt  # checked below, once the place where the file goes has been set
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file of any permitted size without holding it in memory."""
    if not batches.may_import(request.user):
        raise PermissionDenied
    handler = NamelessUpload(request, max_bytes=settings.IMPORT_MAX_BYTES)
    request.upload_handlers = [handler]
    return _upload(request, handler=handler)


@csrf_protect
def _upload(request: HttpRequest, *, handler: FileUploadHandler) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if getattr(handler, "is_too_large", False):
            form.add_error("file", str(_too_large()))
        elif form.is_valid():
            try:
                batch = _receive(request, form)
            except DomainError as error:
                form.add_error("title", str(error))
            else:
                return redirect(url_of(batch))
    context = {
        "title": _("Import people from a file"),
        "form": form,
        "max_bytes": settings.IMPORT_MAX_BYTES,
    }
    return _page(request, "contacts/import_upload.html", context)


def _receive(request: HttpRequest, form: UploadForm) -> ImportBatch:
    received = files.receive(
        files.chunks_of(form.cleaned_data["file"].file),
        path=batches.path_of_new_file(),
        max_bytes=settings.IMPORT_MAX_BYTES,
    )
    try:
        return batches.upload(
            received,
            title=form.cleaned_data["title"],
            actor=actors.of_request(request),
        )
    except Exception:
        received.discard()
        raise


def _too_large() -> str:
    return str(
        _("The file is larger than %(size)s. Split it, and send the parts one by one.")
    ) % {"size": filesizeformat(settings.IMPORT_MAX_BYTES)}


def show(request: HttpRequest, object_id: str) -> HttpResponse:
    """Show where an import stands; POST takes it a step further."""
    batch = _batch_for(request, object_id)
    if request.method == "POST":
        if not batches.may_import(request.user):
            raise PermissionDenied
        return _act(request, batch)
    _record_reading(request, batch)
    form = ColumnsForm(batch, _examples(batch)) if batch.header else None
    return _page(request, "contacts/import_show.html", _context(request, batch, form))


def _act(request: HttpRequest, batch: ImportBatch) -> HttpResponse:
    actor = actors.of_request(request)
    action = request.POST.get("action", "")
    try:
        if action == "try":
            form = ColumnsForm(batch, _examples(batch), request.POST)
            if not form.is_valid():
                context = _context(request, batch, form)
                return _page(request, "contacts/import_show.html", context)
            try:
                batches.try_out(batch, targets=form.targets, actor=actor)
            except DomainError as error:
                form.add_error(None, str(error))
                context = _context(request, batch, form)
                return _page(request, "contacts/import_show.html", context)
        elif action == "discard":
            batches.discard(batch, actor=actor)
            messages.success(
                request, _("The file was discarded. Nothing of it is left.")
            )
            return redirect("admin:contacts_importbatch_changelist")
        else:
            steps: dict[str, Callable[..., Any]] = {
                "start": batches.start,
                "read": batches.read_again,
            }
            if action in steps:
                steps[action](batch, actor=actor)
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(url_of(batch))


def errors(request: HttpRequest, object_id: str) -> HttpResponse:
    """List what is wrong with which row, page by page."""
    batch = _batch_for(request, object_id)
    _record_reading(request, batch)
    page = Paginator(batches.with_remarks(batch), ERRORS_PER_PAGE).get_page(
        request.GET.get("page")
    )
    lines = [
        {
            "number": row.row_number,
            "is_invalid": row.outcome == ImportRow.Outcome.INVALID,
            "problems": [_problem(row, stored, batch.header) for stored in row.errors],
        }
        for row in page.object_list
    ]
    context = {
        "title": _("Errors of an import"),
        "batch": batch,
        "page": page,
        "lines": lines,
        "may_import": batches.may_import(request.user),
    }
    return _page(request, "contacts/import_errors.html", context)


def download(request: HttpRequest, object_id: str) -> StreamingHttpResponse:
    """Send the rows that were not imported, to be corrected and sent again."""
    batch = _batch_for(request, object_id)
    if not batches.may_import(request.user):
        raise PermissionDenied
    count = batch.rows.filter(outcome=ImportRow.Outcome.INVALID).count()
    audit.record(
        "import.bad_rows_downloaded",
        actor=actors.of_request(request),
        obj=batch,
        count=count,
    )
    return StreamingHttpResponse(
        bad_rows.lines(batch),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="rows-with-errors.csv"'},
    )


def url_of(batch: ImportBatch | uuid.UUID | str) -> str:
    """Return the address of an import's page."""
    key = batch.pk if isinstance(batch, ImportBatch) else batch
    return reverse("admin:contacts_importbatch_change", args=[key])


def _context(
    request: HttpRequest, batch: ImportBatch, form: ColumnsForm | None
) -> dict[str, Any]:
    job = batches.job_of(batch)
    is_working = job is not None and not job.is_over
    counts = {} if is_working else _counts(batch, job)
    may_import = batches.may_import(request.user)
    wants_columns = batch.state == State.STAGED or (
        batch.state == State.CHECKED
        and ("columns" in request.GET or (form is not None and form.is_bound))
    )
    return {
        "title": batch.title,
        "batch": batch,
        "step": _step(batch),
        "is_working": is_working,
        "has_broken_off": job is not None and job.state == Job.State.FAILED,
        "figures": _figures(counts, is_done=batch.state == State.DONE),
        "row_errors": counts.get(str(ImportRow.Outcome.INVALID), 0),
        "has_rows": batch.rows.exists(),
        "has_remarks": not is_working and batches.with_remarks(batch).exists(),
        "reason": reasons.of_file(batch.error_code) if batch.error_code else "",
        "same_file": batches.same_file(batch),
        "form": form if may_import and wants_columns and not is_working else None,
        "may_import": may_import,
        **(progress.progress_context(job) if job is not None else {}),
    }


def _counts(batch: ImportBatch, job: Job | None) -> dict[str, int]:
    """The numbers of the last run; they are kept longer than the rows."""
    if batch.state not in (State.CHECKED, State.DONE) or job is None:
        return {}
    counts: dict[str, int] = job.result.get("counts", {})
    return counts


def _figures(counts: dict[str, int], *, is_done: bool) -> list[tuple[int, str]]:
    """Each number with what it counts, a dry run's as what would happen."""
    return [
        (counts.get(name, 0), words % {"count": counts.get(name, 0)})
        for name, words in (DONE if is_done else TRIED).items()
    ]


def _step(batch: ImportBatch) -> int:
    return {
        State.UPLOADED: 1,
        State.FAILED: 1,
        State.STAGED: 2,
        State.CHECKED: 3,
        State.RUNNING: 4,
        State.DONE: 4,
    }[State(batch.state)]


def _examples(batch: ImportBatch) -> list[list[str]]:
    """Return the first filled cells of each column."""
    rows = batch.rows.order_by("row_number").values_list("cells", flat=True)[:20]
    examples: list[list[str]] = [[] for _name in batch.header]
    for cells in rows:
        for index, cell in enumerate(cells[: len(examples)]):
            text = " ".join(cell.split())
            if text and len(examples[index]) < EXAMPLES:
                examples[index].append(text[:LONGEST_EXAMPLE])
    return examples


def _problem(row: ImportRow, stored: str, header: list[str]) -> dict[str, str]:
    column, sentence = reasons.of_row(stored, header)
    index = stored.partition(":")[2]
    cell = row.cells[int(index)] if index and int(index) < len(row.cells) else ""
    return {"column": column, "sentence": sentence, "cell": cell[:LONGEST_EXAMPLE]}


def _batch_for(request: HttpRequest, object_id: str) -> ImportBatch:
    """Return a batch to whoever may see imports and people."""
    for category in (Category.IMPORTS, Category.IDENTITY):
        access.require(request.user, Action.VIEW, category)
    try:
        key = uuid.UUID(object_id)
    except ValueError:
        key = uuid.UUID(int=0)
    return get_object_or_404(ImportBatch, pk=key)


def _record_reading(request: HttpRequest, batch: ImportBatch) -> None:
    audit.record("record.viewed", actor=actors.of_request(request), obj=batch)


def _page(
    request: HttpRequest, template: str, context: dict[str, Any]
) -> TemplateResponse:
    frame = {**admin.site.each_context(request), "opts": ImportBatch._meta}
    return TemplateResponse(request, template, {**frame, **context})


def _where_to_go_on(job: Job) -> str:
    return url_of(job.object_id)


for _kind in batches.KINDS:
    progress.register_destination(_kind, _where_to_go_on)
