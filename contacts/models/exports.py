"""Exports: what left the register as a file, whose data it was, and who took it."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from register.activities import ACTIVITIES
from register.datamap import (
    Access,
    Category,
    Ends,
    Erasure,
    ModelMap,
    NotPersonal,
    Personal,
    Portability,
    Subject,
)
from register.retention_column import Expiring

OBSERVED = Portability.OBSERVED


def export_path(instance: Any, filename: str) -> str:
    """Return a random name; nobody reads from a path whose data it is."""
    return f"exports/{uuid.uuid4().hex}"


class Export(Expiring):
    """The manifest of an export: it stays when the file is gone.

    The people in it are fixed when it is ordered. What was searched to find them is not
    kept: it is mostly somebody's name.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for approval")
        MAKING = "making", _("being made")
        READY = "ready", _("ready")
        STOPPED = "stopped", _("stopped")
        REJECTED = "rejected", _("not approved")

    class Content(models.TextChoices):
        PEOPLE = "people", _("people")
        COMPANIES = "companies", _("companies")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "Excel"

    class Stop(models.TextChoices):
        CANCELLED = "cancelled", _("it was cancelled")
        NO_RIGHT = "no_right", _("the right to export had been taken away")
        ERASED = "erased", _("a person in it was erased")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=State)
    content = models.CharField(
        _("content"),
        max_length=10,
        choices=Content,
        default=Content.PEOPLE,
        db_default=Content.PEOPLE.value,
    )
    purpose = models.CharField(_("purpose"), max_length=40)
    reason = models.CharField(
        _("what it is for"),
        max_length=300,
        help_text=_("And who gets the file. Write no names of customers."),
    )
    file_format = models.CharField(
        _("format"), max_length=4, choices=Format, default=Format.CSV
    )
    columns = ArrayField(models.CharField(max_length=40), verbose_name=_("columns"))
    # Those whose values stand in the file themselves, and those of which masks do.
    clear_columns = ArrayField(
        models.CharField(max_length=40), default=list, editable=False
    )
    masked_columns = ArrayField(
        models.CharField(max_length=40), default=list, editable=False
    )
    # As the address of the list had them; names searched for are never among them.
    filters = ArrayField(
        models.CharField(max_length=200),
        verbose_name=_("filters"),
        default=list,
        blank=True,
    )
    was_searched = models.BooleanField(_("searched"), default=False)
    was_chosen = models.BooleanField(_("chosen one by one"), default=False)
    chosen_count = models.PositiveIntegerField(_("rows when ordered"), default=0)
    row_count = models.PositiveIntegerField(_("rows"), default=0)
    # Whose data the file holds: all of its rows, or the customers among its companies
    # who are people.
    person_count = models.PositiveIntegerField(_("people"), default=0, db_default=0)
    size = models.PositiveBigIntegerField(_("size in bytes"), default=0)
    sha256 = models.CharField(_("fingerprint (SHA-256)"), max_length=64, blank=True)
    stop_reason = models.CharField(
        _("stopped because"), max_length=10, choices=Stop, blank=True
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("ordered by"),
    )
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    copies_deleted_at = models.DateTimeField(_("copies deleted"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    file_removed_at = models.DateTimeField(_("file removed"), null=True, blank=True)

    data_map: ClassVar = ModelMap(
        category=Category.EXPORTS,
        subjects=(
            Subject(
                "person in the export", path="people__contact", erasure=Erasure.SCRUB
            ),
        ),
        activity="accountability",
        source="recorded by the register",
        retention=Ends("exports", "P5Y", "created_at", lag="P1D"),
        fields={
            "id": NotPersonal("number of the export"),
            "state": NotPersonal("vocabulary"),
            "content": NotPersonal("vocabulary"),
            "purpose": Personal("for which purpose it was made", portability=OBSERVED),
            "reason": Personal(
                "what it was for",
                access=Access.REVIEW,
                portability=OBSERVED,
                mentions_others=True,
            ),
            "file_format": NotPersonal("vocabulary"),
            "columns": Personal("which of your data it held", portability=OBSERVED),
            "clear_columns": NotPersonal("names of columns"),
            "masked_columns": NotPersonal("names of columns"),
            "filters": NotPersonal("choices of a list, no values of a person"),
            "was_searched": NotPersonal("how the people were chosen"),
            "was_chosen": NotPersonal("how the people were chosen"),
            "chosen_count": NotPersonal("a number of people"),
            "row_count": NotPersonal("a number of rows"),
            "person_count": NotPersonal("a number of people"),
            "size": NotPersonal("size of a file"),
            "sha256": NotPersonal("fingerprint of a file"),
            "stop_reason": NotPersonal("vocabulary"),
            "created_by": NotPersonal(
                "account that ordered it; the audit trail answers for it"
            ),
            "created_at": Personal("when it was made", portability=OBSERVED),
            "finished_at": NotPersonal("technical time"),
            "copies_deleted_at": NotPersonal("technical time"),
            "reminded_at": NotPersonal("technical time"),
            "file_removed_at": NotPersonal("technical time"),
            "ends_at": NotPersonal("when the record of the export is deleted"),
        },
    )

    class Meta:
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-created_at", "id"]
        indexes = [
            models.Index(fields=["-created_at", "id"], name="export_newest"),
            models.Index(fields=["created_by", "-created_at", "id"], name="export_own"),
            # The few whose file is there, for services.exports.endings.
            models.Index(
                fields=["finished_at"],
                name="export_with_file",
                condition=models.Q(state="ready", file_removed_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{capfirst(self._meta.verbose_name)} {str(self.pk)[:8]}"

    @property
    def purpose_in_words(self) -> Any:
        """Return the purpose as the notice says it."""
        activity = ACTIVITIES.get(self.purpose)
        return activity.purpose if activity else self.purpose


class ExportFile(Expiring):
    """The file of an export. It ends soon, and at once when a person in it is erased."""

    export = models.OneToOneField(Export, models.CASCADE, related_name="made")
    # Empty once somebody who is in it was erased.
    file = models.FileField(
        _("file"), upload_to=export_path, max_length=200, blank=True
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.EXPORTS,
        subjects=(
            Subject(
                "person in the export",
                path="export__people__contact",
                erasure=Erasure.SCRUB,
            ),
        ),
        activity="accountability",
        source="made from the register",
        retention=Ends("export_files", "P7D", "created_at"),
        fields={
            "id": NotPersonal("number of the row"),
            "export": NotPersonal("which export"),
            "file": Personal(
                "a copy of data in a file",
                access=Access.WITHHOLD,
                ground="data of other people, GDPR Art. 15(4); your own is in this package",
                erasure=Erasure.BLANK,
                portability=OBSERVED,
            ),
            "created_at": NotPersonal("technical time"),
            "ends_at": NotPersonal("when the file is deleted"),
        },
    )

    class Meta:
        verbose_name = _("file of an export")
        verbose_name_plural = _("files of exports")

    def __str__(self) -> str:
        return f"ExportFile {self.pk}"


class ExportDownload(models.Model):
    """One time that the file was taken."""

    export = models.ForeignKey(Export, models.CASCADE, related_name="downloads")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField(_("taken"), default=timezone.now)

    data_map: ClassVar = ModelMap(
        category=Category.EXPORTS,
        fields={
            "id": NotPersonal("number of the row"),
            "export": NotPersonal("which export"),
            "user": NotPersonal(
                "account that took the file; the audit trail answers for it"
            ),
            "at": NotPersonal("technical time"),
        },
    )

    class Meta:
        verbose_name = _("download of an export")
        verbose_name_plural = _("downloads of exports")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"ExportDownload {self.pk}"
