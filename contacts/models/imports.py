"""Import batches: a file, its rows, and what became of each."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from contacts.models.import_sources import ImportSource
from contacts.models.import_terms import ImportTerms, meanings
from contacts.models.people import Contact
from register.datamap import (
    Access,
    Category,
    Ends,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Reviewed,
    Subject,
)
from register.retention_column import Expiring


def import_file_path(original: ImportFile | None = None, filename: str = "") -> str:
    """Store the file under a random name: its own may name a person."""
    return f"imports/{uuid.uuid4()}"


class ImportBatch(ImportTerms):
    """A file that staff bring in, from upload to result.

    The file itself is kept apart (``ImportFile``) and goes when the import has been
    run. A staged row that was imported loses its cells at once, one that failed keeps
    them for download until the row's period is over.
    """

    class Kind(models.TextChoices):
        CSV = "csv", _("CSV")
        XLSX = "xlsx", _("Excel workbook")
        CARDS = "vcf", _("Contact cards (vCard)")

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("columns to be checked")
        STAGED = "staged", _("read, not tried")
        CHECKED = "checked", _("tried, nothing written")
        RUNNING = "running", _("being imported")
        DONE = "done", _("imported")
        FAILED = "failed", _("could not be read")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(
        _("title"),
        max_length=120,
        help_text=_("What the file is, for example where the list comes from."),
    )
    kind = models.CharField(
        _("kind of file"), max_length=4, choices=Kind, default=Kind.CSV
    )
    sha256 = models.CharField(_("fingerprint"), max_length=64, blank=True)
    encoding = models.CharField(_("encoding"), max_length=20, blank=True)
    delimiter = models.CharField(_("delimiter"), max_length=1, blank=True)
    # Which sheet of a workbook, counted from 0; its name may name a person.
    sheet = models.PositiveSmallIntegerField(_("sheet"), default=0)
    # As a spreadsheet numbers it; 0 if the columns have no names.
    header_row = models.PositiveSmallIntegerField(_("header row"), default=1)
    header = ArrayField(
        models.CharField(max_length=200, blank=True),
        verbose_name=_("names of columns"),
        default=list,
        blank=True,
    )
    # Target for each column of the file, in the file's order; "" leaves a column out.
    targets = ArrayField(
        models.CharField(max_length=40, blank=True),
        verbose_name=_("columns"),
        default=list,
        blank=True,
    )
    # The saved source whose columns and terms were taken.
    saved_source = models.ForeignKey(
        ImportSource,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("saved source"),
    )
    collected_on = models.DateField(
        _("collected"),
        null=True,
        blank=True,
        help_text=_(
            "When the list came to us. What was changed here since then is kept."
        ),
    )
    state = models.CharField(
        _("state"), max_length=10, choices=State, default=State.UPLOADED
    )
    error_code = models.CharField(_("error"), max_length=40, blank=True)
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("imported by"),
    )
    created_at = models.DateTimeField(
        _("uploaded"), default=timezone.now, editable=False
    )
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.IMPORTS,
        subjects=(
            Subject("person in the file", path="rows__contact", erasure=Erasure.SCRUB),
        ),
        activity="customer_relationship",
        source="a file brought in by staff",
        retention=Reviewed(
            "imports",
            "the batch proves where records came from (N3.4)",
            "P24M",
            "created_at",
        ),
        fields={
            "id": NotPersonal("number of the batch"),
            "title": Personal(
                "the list your data came from", portability=Portability.OBSERVED
            ),
            "kind": NotPersonal("vocabulary"),
            "sha256": NotPersonal("fingerprint of a file of many people"),
            "encoding": NotPersonal("technical"),
            "delimiter": NotPersonal("technical"),
            "sheet": NotPersonal("a number"),
            "header_row": NotPersonal("a number"),
            "header": NotPersonal(
                "names of columns; what looks like somebody's data is not kept as one"
            ),
            "targets": NotPersonal("vocabulary"),
            "state": NotPersonal("vocabulary"),
            "error_code": NotPersonal("code of an error"),
            "row_count": NotPersonal("a number of rows"),
            "created_by": NotPersonal(
                "account that imported; the audit trail answers for it"
            ),
            "created_at": Personal(
                "when your data was imported", portability=Portability.OBSERVED
            ),
            "finished_at": NotPersonal("technical time"),
            "undone_at": NotPersonal("technical time"),
            "saved_source": NotPersonal("which kind of file"),
            "collected_on": Personal(
                "when your data was collected", portability=Portability.OBSERVED
            ),
            **meanings(),
        },
    )

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["created_at", "id"], name="importbatch_newest")]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {self.pk}"


class ImportFile(Expiring):
    """The file of a batch as it was sent, until the import is run or its period is over."""

    id = models.BigAutoField(primary_key=True)
    batch = models.OneToOneField(
        ImportBatch, models.CASCADE, related_name="original", verbose_name=_("import")
    )
    # Empty once somebody who is in it was erased.
    file = models.FileField(
        _("file"), upload_to=import_file_path, max_length=200, blank=True
    )
    received_at = models.DateTimeField(
        _("received"), default=timezone.now, editable=False
    )

    data_map: ClassVar = ModelMap(
        category=Category.IMPORTS,
        subjects=(
            Subject(
                "person in the file",
                path="batch__rows__contact",
                erasure=Erasure.SCRUB,
            ),
        ),
        activity="customer_relationship",
        source="a file brought in by staff",
        retention=Ends("import_files", "P30D", "received_at"),
        fields={
            "id": NotPersonal("number of the file"),
            "batch": Personal("which import", portability=Portability.OBSERVED),
            "file": Personal(
                "the file as it was sent, until the import is run",
                access=Access.WITHHOLD,
                ground="data of other people, GDPR Art. 15(4); your own row is given",
                erasure=Erasure.BLANK,
            ),
            "received_at": Personal(
                "when the file was sent to us", portability=Portability.OBSERVED
            ),
            "ends_at": Personal(
                "when the file is deleted", portability=Portability.OBSERVED
            ),
        },
    )

    class Meta:
        verbose_name = _("file of an import")
        verbose_name_plural = _("files of imports")

    def __str__(self) -> str:
        return f"ImportFile {self.pk}"


class ImportRow(Expiring):
    """One row of a file and what became of it."""

    class Outcome(models.TextChoices):
        STAGED = "staged", _("not tried yet")
        NEW = "new", _("new contact")
        UPDATED = "updated", _("adds to a contact")
        UNCHANGED = "unchanged", _("already known")
        INVALID = "invalid", _("has an error")
        BLOCKED = "blocked", _("may not be brought in")
        OUTSIDE = "outside", _("left out by the choice of people")
        REMOVED = "removed", _("taken out by hand")

    id = models.BigAutoField(primary_key=True)
    batch = models.ForeignKey(ImportBatch, models.CASCADE, related_name="rows")
    row_number = models.PositiveIntegerField(_("row"))
    cells = ArrayField(models.TextField(), verbose_name=_("cells"), default=list)
    outcome = models.CharField(
        _("outcome"), max_length=10, choices=Outcome, default=Outcome.STAGED
    )
    errors = ArrayField(
        models.CharField(max_length=80), verbose_name=_("errors"), default=list
    )
    contact = models.ForeignKey(
        Contact, models.CASCADE, null=True, related_name="import_rows"
    )
    is_written = models.BooleanField(_("written"), default=False)
    # Codes of what is to be considered, for example that marketing is prohibited.
    marks = ArrayField(
        models.CharField(max_length=40),
        verbose_name=_("marks"),
        default=list,
        db_default=[],
    )
    is_removed = models.BooleanField(_("taken out"), default=False, db_default=False)
    written_at = models.DateTimeField(_("written"), null=True)
    # Why a contact that the row added was kept when the import was undone.
    kept_because = models.CharField(
        _("kept because"), max_length=20, blank=True, default="", db_default=""
    )
    created_at = models.DateTimeField(_("read"), default=timezone.now, editable=False)

    data_map: ClassVar = ModelMap(
        category=Category.IMPORTS,
        subjects=(Subject("person in the row", path="contact"),),
        activity="customer_relationship",
        source="a file brought in by staff",
        retention=Ends("import_rows", "P30D", "created_at", lag="P1D"),
        fields={
            "id": NotPersonal("number of the row"),
            "batch": NotPersonal("which batch"),
            "row_number": Personal("row of the file", portability=Portability.OBSERVED),
            "cells": Personal("the row as it stood in the file", mentions_others=True),
            "outcome": NotPersonal("vocabulary"),
            "errors": NotPersonal("codes of errors and names of columns"),
            "contact": Personal("whose row", portability=Portability.OBSERVED),
            "is_written": NotPersonal("technical"),
            "marks": NotPersonal("codes of what is to be considered"),
            "is_removed": NotPersonal("whether staff took the row out"),
            "written_at": NotPersonal("technical time"),
            "kept_because": NotPersonal("vocabulary"),
            "created_at": Personal(
                "when it was read", portability=Portability.OBSERVED
            ),
            "ends_at": Personal(
                "when the row is deleted", portability=Portability.OBSERVED
            ),
        },
    )

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        constraints = [
            models.UniqueConstraint(
                fields=["batch", "row_number"], name="importrow_once"
            )
        ]

    def __str__(self) -> str:
        return f"ImportRow {self.pk}"
