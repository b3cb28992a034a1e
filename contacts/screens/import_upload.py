"""The first step of an import: a file is received, looked at, and kept or refused."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from contacts.forms_imports import UploadForm
from contacts.models import ImportBatch
from contacts.screens.import_frame import page, url_of
from contacts.screens.uploads import NamelessUpload
from contacts.services.imports import batches, preview, reading, reasons, sources
from contacts.services.imports.layouts import CARDS, CSV, XLSX, Unreadable
from register import actors, files
from register.errors import DomainError
from register.middleware import mask_form

OTHER_COLUMNS = _(
    "The columns of this file are not those of the saved source. Its other settings were taken; check what the columns mean."
)
# What a form adds to its file.
FORM_BYTES = 1024 * 1024
_NAMED_AS = {
    **dict.fromkeys((".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"), XLSX),
    **dict.fromkeys((".csv", ".txt", ".tsv", ".tab"), CSV),
    **dict.fromkeys((".vcf", ".vcard"), CARDS),
}


@csrf_exempt  # checked below, once the place where the file goes has been set
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file of any permitted size without holding it in memory."""
    if not batches.may_import(request.user):
        raise PermissionDenied
    if _announced(request) > settings.IMPORT_MAX_BYTES + FORM_BYTES:
        # Not a byte of it is read.
        form = UploadForm(data={})
        form.errors.clear()
        form.add_error("file", str(_too_large()))
        response = _form_page(request, form)
        response.status_code = 413
        response.headers["Connection"] = "close"
        return response
    handler = NamelessUpload(request, max_bytes=settings.IMPORT_MAX_BYTES)
    # Any other form has been read already, and has no file.
    if request.content_type == "multipart/form-data":
        request.upload_handlers = [handler]
    return _upload(request, handler=handler)


@csrf_protect
def _upload(request: HttpRequest, *, handler: NamelessUpload) -> HttpResponse:
    if request.method == "POST":
        mask_form(request)
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST":
        if handler.is_too_large:
            form.add_error("file", str(_too_large()))
        elif form.is_valid():
            try:
                batch = _receive(request, form)
            except Unreadable as refused:
                form.add_error("file", str(reasons.of_file(refused.code)))
            except DomainError as error:
                form.add_error("title", str(error))
            else:
                _tell_of_wrong_name(request, batch, handler.extension)
                return redirect(url_of(batch))
    return _form_page(request, form)


def _receive(request: HttpRequest, form: UploadForm) -> ImportBatch:
    stream = form.cleaned_data["file"].file

    def opened() -> BinaryIO:
        again = os.fdopen(os.dup(stream.fileno()), "rb")
        again.seek(0)
        return again

    source = form.cleaned_data.get("source")
    # Looked at before it is kept: what cannot be read is never stored.
    seen = preview.of_file(reading.examine(opened))
    header = seen.layout.header
    targets = sources.targets_for(source, header) if source is not None else None
    if source is not None and targets is None:
        messages.warning(request, str(OTHER_COLUMNS))
    terms = (
        {} if source is None else {**sources.terms_of(source), "saved_source": source}
    )
    with opened() as source:
        received = files.receive(
            files.chunks_of(source),
            path=batches.path_of_new_file(),
            max_bytes=settings.IMPORT_MAX_BYTES,
        )
    try:
        return batches.upload(
            received,
            title=form.cleaned_data["title"],
            layout=seen.layout,
            targets=targets or seen.targets,
            terms=terms,
            actor=actors.of_request(request),
        )
    except Exception:
        received.discard()
        raise


def _tell_of_wrong_name(
    request: HttpRequest, batch: ImportBatch, extension: str
) -> None:
    named_as = _NAMED_AS.get(extension)
    if named_as is not None and named_as != batch.kind:
        code = {XLSX: "is_workbook", CARDS: "is_cards"}.get(batch.kind, "is_text")
        messages.info(request, str(reasons.NOTICES[code]))


def _announced(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0


def _too_large() -> str:
    return str(
        _("The file is larger than %(size)s. Split it, and send the parts one by one.")
    ) % {"size": filesizeformat(settings.IMPORT_MAX_BYTES)}


def _form_page(request: HttpRequest, form: UploadForm) -> TemplateResponse:
    context: dict[str, Any] = {
        "title": _("Import people from a file"),
        "form": form,
        "max_bytes": settings.IMPORT_MAX_BYTES,
        "too_large": _too_large(),
    }
    return page(request, "contacts/import_upload.html", context)
